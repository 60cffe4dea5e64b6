//! Watchers of descriptors, on every selector that this system has.

mod common;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::thread;

use common::{Trace, readable_pair, turn, turns};
use evergreen_loop::build::{Direction, Interest, Registration};
use evergreen_loop::seam::PortableSelector;
use evergreen_loop::{EventLoop, Handler, LoopError, TurnOutcome};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::pipe::pipe;

/// Runs a test on a loop with the system's selector, and on one with the portable one.
fn on_every_selector(test: impl Fn(&EventLoop)) {
    for builder in [
        EventLoop::builder(),
        EventLoop::builder().selector(PortableSelector::new().expect("a selector")),
    ] {
        let event_loop = builder.build().expect("a loop");
        test(&event_loop);
        event_loop.destroy().expect("destroyed");
    }
}

/// A descriptor with a number that no other test uses, if `place` is this test's own.
fn numbered(fd: impl AsFd, place: RawFd) -> OwnedFd {
    let fd = fcntl_dupfd_cloexec(fd, 500 + place).expect("a descriptor");
    assert_eq!(fd.as_raw_fd(), 500 + place);
    fd
}

// EV-LOOP-09
#[test]
fn a_reader_is_called_in_every_turn_until_all_is_read() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let fd = ours.as_raw_fd();
        event_loop.add_reader(fd, trace.noting("readable")).unwrap();
        assert_eq!(turn(event_loop), TurnOutcome::Alive);
        assert!(trace.take().is_empty());
        theirs.write_all(b"x").unwrap();
        turns(event_loop, 3);
        assert_eq!(trace.take(), ["readable"; 3]);
        ours.read_exact(&mut [0]).unwrap();
        turn(event_loop);
        assert!(trace.take().is_empty());
        assert!(event_loop.remove_reader(fd));
        assert_eq!(turn(event_loop), TurnOutcome::Idle);
    });
}

// EV-LOOP-11
#[test]
fn a_writer_is_called_in_every_turn_in_which_there_is_room() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let fd = ours.as_raw_fd();
        event_loop.add_writer(fd, trace.noting("writable")).unwrap();
        turns(event_loop, 2);
        assert_eq!(trace.take(), ["writable"; 2]);
        ours.set_nonblocking(true).unwrap();
        while (&ours).write(&[0; 4_096]).is_ok() {}
        turn(event_loop);
        assert!(trace.take().is_empty());
        assert!(event_loop.remove_writer(fd));
    });
}

// EV-LOOP-09, EV-LOOP-11
#[test]
fn a_second_watcher_of_a_direction_is_refused_and_the_first_stays() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (ours, _theirs) = readable_pair();
        let fd = ours.as_raw_fd();
        event_loop.add_reader(fd, trace.noting("first reader")).unwrap();
        event_loop.add_writer(fd, trace.noting("first writer")).unwrap();
        let captured = trace.on_drop("the second is dropped");
        let second = event_loop.add_reader(fd, move || {
            let _captured = &captured;
        });
        assert!(matches!(second, Err(LoopError::Busy(busy)) if busy == fd));
        let second = event_loop.add_writer(fd, || unreachable!("refused"));
        assert!(matches!(second, Err(LoopError::Busy(busy)) if busy == fd));
        turn(event_loop);
        assert_eq!(trace.take(), ["the second is dropped", "first reader", "first writer"]);
    });
}

// EV-LOOP-10, EV-LOOP-12
#[test]
fn removing_tells_whether_there_was_one_of_that_direction() {
    on_every_selector(|event_loop| {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let fd = ours.as_raw_fd();
        assert!(!event_loop.remove_reader(fd) && !event_loop.remove_writer(fd));
        assert!(!event_loop.remove_reader(-1) && !event_loop.remove_reader(RawFd::MAX));
        let writer = event_loop.add_writer(fd, || ()).unwrap();
        assert!(!event_loop.remove_reader(fd));
        assert!(!writer.is_cancelled());
        assert!(event_loop.remove_writer(fd) && !event_loop.remove_writer(fd));
        assert!(writer.is_cancelled());
        let reader = event_loop.add_reader(fd, || ()).unwrap();
        assert!(!event_loop.remove_writer(fd));
        assert!(event_loop.remove_reader(fd) && !event_loop.remove_reader(fd));
        assert!(reader.is_cancelled());
        assert_eq!(event_loop.metrics().sources, 0);
    });
}

// EV-LOOP-10, EV-LOOP-15
#[test]
fn a_removed_or_cancelled_reader_that_is_queued_does_not_run() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let pairs = [readable_pair(), readable_pair(), readable_pair()];
        let fds: Vec<RawFd> = pairs.iter().map(|(ours, _)| ours.as_raw_fd()).collect();
        let handlers = Rc::new(RefCell::new(Vec::<Handler>::new()));
        for own in 0..3 {
            let (inner, trace, others) = (event_loop.clone(), trace.clone(), Rc::clone(&handlers));
            let next = fds[(own + 1) % 3];
            let remove_the_others = move || {
                let last = others.borrow()[(own + 2) % 3].clone();
                last.cancel();
                trace.note(format!("called, removed {}", inner.remove_reader(next)));
            };
            let handler = event_loop.add_reader(fds[own], remove_the_others).unwrap();
            handlers.borrow_mut().push(handler);
        }
        turns(event_loop, 2);
        assert_eq!(trace.take(), ["called, removed true", "called, removed false"]);
        assert_eq!(event_loop.metrics().sources, 1);
        handlers.take();
    });
}

// EV-LOOP-10, EV-HND-03, F23
#[test]
fn a_reader_may_remove_itself_and_put_another_in_its_place() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (ours, _theirs) = readable_pair();
        let fd = ours.as_raw_fd();
        let (inner, on_read, captured) = (event_loop.clone(), trace.clone(), trace.on_drop("drop"));
        let reader = move || {
            let _captured = &captured;
            assert!(inner.remove_reader(fd));
            inner.add_reader(fd, on_read.noting("second")).unwrap();
            on_read.note("first");
        };
        event_loop.add_reader(fd, reader).unwrap();
        turns(event_loop, 2);
        assert_eq!(trace.take(), ["first", "drop", "second"]);
    });
}

// EV-LOOP-10, EV-HND-01
#[test]
fn a_handler_that_is_cancelled_takes_its_watcher_and_no_later_one_away() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (ours, _theirs) = readable_pair();
        let fd = ours.as_raw_fd();
        let first = event_loop.add_reader(fd, || unreachable!("cancelled")).unwrap();
        let writer = event_loop.add_writer(fd, trace.noting("writer")).unwrap();
        first.cancel();
        assert!(!event_loop.remove_reader(fd));
        event_loop.add_reader(fd, trace.noting("second")).unwrap();
        first.cancel();
        turn(event_loop);
        assert_eq!(trace.take(), ["second", "writer"]);
        writer.cancel();
        turn(event_loop);
        assert_eq!(trace.take(), ["second"]);
    });
}

// EV-LOOP-13
#[test]
fn reader_and_writer_of_one_descriptor_come_and_go_independently() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let fd = ours.as_raw_fd();
        event_loop.add_reader(fd, trace.noting("reader")).unwrap();
        event_loop.add_writer(fd, trace.noting("writer")).unwrap();
        assert_eq!(event_loop.metrics().sources, 1);
        turn(event_loop);
        assert_eq!(trace.take(), ["writer"]);
        theirs.write_all(b"x").unwrap();
        turn(event_loop);
        assert_eq!(trace.take(), ["reader", "writer"]);
        assert!(event_loop.remove_writer(fd));
        turn(event_loop);
        assert_eq!(trace.take(), ["reader"]);
        event_loop.add_writer(fd, trace.noting("writer again")).unwrap();
        ours.read_exact(&mut [0]).unwrap();
        turn(event_loop);
        assert_eq!(trace.take(), ["writer again"]);
        assert!(event_loop.remove_reader(fd));
        theirs.write_all(b"x").unwrap();
        turn(event_loop);
        assert_eq!(trace.take(), ["writer again"]);
        assert!(event_loop.remove_writer(fd));
        assert_eq!(turn(event_loop), TurnOutcome::Idle);
        assert_eq!(event_loop.metrics().sources, 0);
    });
}

// EV-LOOP-10, EV-LOOP-12: else the loop would be woken for ever with nobody to call.
#[test]
fn a_direction_that_is_watched_no_longer_does_not_keep_the_poller_busy() {
    on_every_selector(|event_loop| {
        let is_busy = || {
            let mut fds = [PollFd::new(event_loop, PollFlags::IN)];
            poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() > 0
        };
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let fd = ours.as_raw_fd();
        event_loop.add_reader(fd, || ()).unwrap();
        event_loop.add_writer(fd, || ()).unwrap();
        turn(event_loop);
        assert!(is_busy());
        assert!(event_loop.remove_writer(fd));
        turn(event_loop);
        assert!(!is_busy());
        assert!(event_loop.remove_reader(fd));
        event_loop.add_writer(fd, || ()).unwrap().cancel();
        turn(event_loop);
        assert!(!is_busy());
    });
}

// EV-LOOP-09, F22
#[test]
fn descriptors_that_are_not_open_are_refused() {
    on_every_selector(|event_loop| {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let closed = numbered(&ours, 0).as_raw_fd();
        for bad in [closed, -1, -2, RawFd::MIN, RawFd::MAX] {
            let reader = event_loop.add_reader(bad, || ());
            assert!(matches!(reader, Err(LoopError::BadDescriptor(fd)) if fd == bad), "{bad}");
            let writer = event_loop.add_writer(bad, || ());
            assert!(matches!(writer, Err(LoopError::BadDescriptor(fd)) if fd == bad), "{bad}");
            let edge = Registration::new(&bad, Interest::BOTH);
            assert!(matches!(edge, Err(LoopError::BadDescriptor(fd)) if fd == bad), "{bad}");
        }
        assert_eq!(event_loop.metrics().sources, 0);
        assert_eq!(turn(event_loop), TurnOutcome::Idle);
    });
}

// EV-LOOP-09, F22
#[test]
fn descriptors_that_cannot_be_polled_are_refused() {
    on_every_selector(|event_loop| {
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        let directory = File::open("/").unwrap();
        for file in [file, directory, File::open("/dev/null").unwrap()] {
            let fd = file.as_raw_fd();
            let reader = event_loop.add_reader(fd, || ());
            assert!(matches!(reader, Err(LoopError::NotPollable(refused)) if refused == fd));
            let edge = Registration::new(&fd, Interest::READABLE);
            assert!(matches!(edge, Err(LoopError::NotPollable(refused)) if refused == fd));
        }
        assert_eq!(turn(event_loop), TurnOutcome::Idle);
    });
}

// EV-LOOP-10, F21
#[test]
fn a_watcher_is_removed_also_after_its_descriptor_was_closed() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (ours, _theirs) = readable_pair();
        let fd = numbered(&ours, 1);
        let number = fd.as_raw_fd();
        event_loop.add_reader(number, trace.noting("removed")).unwrap();
        let writer = event_loop.add_writer(number, trace.noting("cancelled")).unwrap();
        drop(fd);
        drop(ours);
        assert!(event_loop.remove_reader(number));
        assert_eq!(turn(event_loop), TurnOutcome::Alive);
        writer.cancel();
        assert!(!event_loop.remove_writer(number));
        assert_eq!(turn(event_loop), TurnOutcome::Idle);
        assert!(trace.take().is_empty());
    });
}

// EV-LOOP-14
#[test]
fn a_hang_up_wakes_reader_and_writer() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (reading, writing) = pipe().unwrap();
        event_loop.add_reader(reading.as_raw_fd(), trace.noting("reader")).unwrap();
        event_loop.add_writer(reading.as_raw_fd(), trace.noting("writer")).unwrap();
        turn(event_loop);
        assert!(trace.take().is_empty());
        drop(writing);
        turn(event_loop);
        assert_eq!(trace.take(), ["reader", "writer"]);
    });
}

// EV-LOOP-14
#[test]
fn an_error_wakes_whoever_waits_for_the_other_direction_only() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (reading, writing) = pipe().unwrap();
        event_loop.add_reader(writing.as_raw_fd(), trace.noting("reader")).unwrap();
        turn(event_loop);
        assert!(trace.take().is_empty());
        drop(reading);
        turn(event_loop);
        assert_eq!(trace.take(), ["reader"]);
    });
}

// EV-LOOP-16, F14
#[test]
fn a_reader_that_panics_stays_registered() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (ours, _theirs) = readable_pair();
        let mut calls = 0;
        let reader = move || {
            calls += 1;
            panic!("call {calls}");
        };
        let handler = event_loop.add_reader(ours.as_raw_fd(), reader).unwrap();
        turns(event_loop, 2);
        assert!(!handler.is_cancelled());
        let expected =
            ["DescriptorWatcher: panicked: call 1", "DescriptorWatcher: panicked: call 2"];
        assert_eq!(trace.take(), expected);
    });
}

//
#[test]
fn a_descriptor_is_an_edge_source_or_watched_and_never_both() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (ours, _theirs) = readable_pair();
        let fd = ours.as_raw_fd();
        let busy = |error: Option<LoopError>| matches!(error, Some(LoopError::Busy(b)) if b == fd);
        let mut source = Registration::new(&ours, Interest::BOTH).unwrap();
        assert!(busy(event_loop.add_reader(fd, || ()).err()));
        assert!(busy(event_loop.add_writer(fd, || ()).err()));
        assert!(busy(Registration::new(&ours, Interest::READABLE).err()));
        source.release();
        event_loop.add_reader(fd, trace.noting("reader")).unwrap();
        assert!(busy(Registration::new(&ours, Interest::BOTH).err()));
        turn(event_loop);
        assert_eq!(trace.take(), ["reader"]);
        assert!(event_loop.remove_reader(fd));
        Registration::new(&ours, Interest::BOTH).unwrap().release();
        assert_eq!(event_loop.metrics().sources, 0);
    });
}

// EV-LOOP-09, F21: the queued call was for the descriptor that had this number before.
#[test]
fn a_queued_call_does_not_reach_the_next_watcher_of_the_same_number() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (idle, _other) = UnixStream::pair().unwrap();
        let (first, _first) = readable_pair();
        let (second, _second) = readable_pair();
        let slots = [(2, first), (3, second)]
            .map(|(place, stream)| Rc::new(Cell::new(Some(numbered(&stream, place)))));
        for (own, other) in [(0, 1), (1, 0)] {
            let (own_fd, other_place) = ([502, 503][own], [2, 3][other]);
            let (inner, trace) = (event_loop.clone(), trace.clone());
            let (slot, idle) = (Rc::clone(&slots[other]), idle.try_clone().unwrap());
            let replace_the_other = move || {
                assert!(inner.remove_reader(500 + other_place));
                drop(slot.take());
                slot.set(Some(numbered(&idle, other_place)));
                inner.add_reader(500 + other_place, || unreachable!("nothing to read")).unwrap();
                assert!(inner.remove_reader(own_fd));
                trace.note("called");
            };
            event_loop.add_reader(own_fd, replace_the_other).unwrap();
        }
        turns(event_loop, 3);
        assert_eq!(trace.take(), ["called"]);
    });
}

// EV-LOOP-10, F21: a duplicate keeps the kernel reporting what was watched under the number.
#[test]
fn events_of_a_number_that_another_descriptor_has_now_are_stale() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (old, _old_peer) = readable_pair();
        let (new, mut new_peer) = UnixStream::pair().unwrap();
        let fd = numbered(&old, 4);
        event_loop.add_reader(504, || unreachable!("removed")).unwrap();
        drop(fd);
        let _fd = numbered(&new, 4);
        assert!(event_loop.remove_reader(504));
        event_loop.add_reader(504, trace.noting("new")).unwrap();
        turns(event_loop, 3);
        assert!(trace.take().is_empty());
        new_peer.write_all(b"x").unwrap();
        turn(event_loop);
        assert_eq!(trace.take(), ["new"]);
    });
}

// EV-LOOP-09, F21: whoever closed the first descriptor has forgotten to remove its watchers.
#[test]
fn a_number_that_was_given_out_again_can_be_watched_anew() {
    on_every_selector(|event_loop| {
        let trace = Trace::new().of_errors(event_loop);
        let (old, _old_peer) = readable_pair();
        let (new, _new_peer) = readable_pair();
        let fd = numbered(&old, 5);
        let captured = trace.on_drop("the old reader is dropped");
        let reader = event_loop
            .add_reader(505, move || {
                let _captured = &captured;
            })
            .unwrap();
        let writer = event_loop.add_writer(505, trace.noting("old writer")).unwrap();
        drop(fd);
        let fd = numbered(&new, 5);
        event_loop.add_reader(505, trace.noting("new reader")).unwrap();
        assert!(reader.is_cancelled() && writer.is_cancelled());
        reader.cancel();
        turn(event_loop);
        assert_eq!(trace.take(), ["the old reader is dropped", "new reader"]);
        drop(fd);
        let (third, _third_peer) = readable_pair();
        let third = numbered(&third, 5);
        let mut source = Registration::new(&third, Interest::BOTH).unwrap();
        assert!(!event_loop.remove_reader(505));
        assert_eq!(event_loop.metrics().sources, 1);
        source.release();
        assert_eq!(turn(event_loop), TurnOutcome::Idle);
        let gone = third.as_raw_fd();
        event_loop.add_writer(gone, trace.noting("third writer")).unwrap();
        drop(third);
        assert!(matches!(event_loop.add_reader(gone, || ()), Err(LoopError::BadDescriptor(505))));
        assert_eq!(turn(event_loop), TurnOutcome::Idle);
        assert!(trace.take().is_empty());
    });
}

/// Says whether it was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

// there would be no event to wake it.
#[test]
fn another_thread_that_waits_for_what_the_loop_let_go_is_woken() {
    on_every_selector(|event_loop| {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut source = Registration::new(&ours, Interest::BOTH).unwrap();
        source.release();
        let woken = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&woken));
        let waiting = move || source.poll_blocked(Direction::Read, &waker).is_pending();
        assert!(thread::spawn(waiting).join().unwrap());
        turn(event_loop);
        assert!(woken.0.load(Ordering::SeqCst));
    });
}
