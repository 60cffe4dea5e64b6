//! Timers as a program sees them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use evergreen_loop::seam::Clock;
use evergreen_loop::{EventLoop, LoopTime};

/// Time that the test moves.
#[derive(Clone, Default)]
struct ByHand(Rc<Cell<u64>>);

impl Clock for ByHand {
    fn now(&self) -> LoopTime {
        LoopTime::from_nanos(self.0.get())
    }
}

fn loop_by_hand() -> (EventLoop, ByHand) {
    let clock = ByHand::default();
    (EventLoop::builder().clock(clock.clone()).build().expect("this thread has no loop"), clock)
}

// EV-LOOP-06, EV-LOOP-08
#[test]
fn a_timer_is_never_early() {
    let event_loop = EventLoop::new().unwrap();
    let late = Rc::new(RefCell::new(Vec::new()));
    for micros in [1, 50, 999, 1_000, 1_001, 1_999, 2_500, 10_000] {
        let (inner, late) = (event_loop.clone(), Rc::clone(&late));
        let delay = Duration::from_micros(micros);
        let made = event_loop.time();
        event_loop.call_later(delay, move || late.borrow_mut().push(inner.time() >= made + delay));
    }
    event_loop.run().unwrap();
    assert_eq!(*late.borrow(), [true; 8]);
}

// D-3 (6): exact deadline, then creation, whatever slot they share.
#[test]
fn timers_of_one_turn_run_by_deadline_then_by_creation() {
    let (event_loop, clock) = loop_by_hand();
    let trace = Rc::new(RefCell::new(Vec::new()));
    for (name, nanos) in [("b", 700), ("d", 900), ("a", 100), ("c", 700), ("e", 5_000_000)] {
        let trace = Rc::clone(&trace);
        event_loop.call_later(Duration::from_nanos(nanos), move || trace.borrow_mut().push(name));
    }
    clock.0.set(10_000_000);
    event_loop.run().unwrap();
    assert_eq!(*trace.borrow(), ["a", "b", "c", "d", "e"]);
}

// D-3 (3), F12: what is too far away for any clock is only far away.
#[test]
fn timers_centuries_ahead_hold_the_loop_and_can_be_cancelled() {
    let (event_loop, clock) = loop_by_hand();
    let far = event_loop.call_later(Duration::from_nanos(1 << 63), || unreachable!());
    let farthest = event_loop.call_later(Duration::MAX, || unreachable!());
    assert_eq!(far.when(), Some(LoopTime::from_nanos(1 << 63)));
    assert_eq!(farthest.when(), Some(LoopTime::MAX));
    assert_eq!(event_loop.next_deadline(), far.when());
    clock.0.set((1 << 63) - 1);
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(event_loop.metrics().timers, 2);
    far.cancel();
    assert_eq!(event_loop.next_deadline(), Some(LoopTime::MAX));
    farthest.cancel();
    event_loop.run().unwrap();
}

// D-3 (3): a wait is clamped to one day.
#[test]
fn no_wait_is_longer_than_a_day() {
    use evergreen_loop::seam::{
        Event, Mode, Notify, PortableSelector, Selector, SelectorTraits, SourceKey,
    };
    use std::os::fd::{BorrowedFd, RawFd};

    /// Notes how long it was asked to wait, and has a day pass instead.
    struct Days {
        inner: PortableSelector,
        clock: ByHand,
        asked: Rc<RefCell<Vec<Option<Duration>>>>,
    }

    impl Selector for Days {
        fn traits(&self) -> SelectorTraits {
            self.inner.traits()
        }

        fn add(
            &mut self,
            fd: RawFd,
            key: SourceKey,
            interest: evergreen_loop::build::Interest,
            mode: Mode,
        ) -> std::io::Result<()> {
            self.inner.add(fd, key, interest, mode)
        }

        fn modify(
            &mut self,
            fd: RawFd,
            key: SourceKey,
            interest: evergreen_loop::build::Interest,
            mode: Mode,
        ) -> std::io::Result<()> {
            self.inner.modify(fd, key, interest, mode)
        }

        fn delete(&mut self, fd: RawFd) -> std::io::Result<()> {
            self.inner.delete(fd)
        }

        fn wait(&mut self, timeout: Option<Duration>, _: &mut Vec<Event>) -> std::io::Result<()> {
            self.asked.borrow_mut().push(timeout);
            let passed = timeout.unwrap_or(Duration::ZERO);
            let passed = u64::try_from(passed.as_nanos()).unwrap();
            self.clock.0.set(self.clock.0.get() + passed);
            Ok(())
        }

        fn notifier(&self) -> std::sync::Arc<dyn Notify> {
            self.inner.notifier()
        }

        fn descriptor(&self) -> Option<BorrowedFd<'_>> {
            self.inner.descriptor()
        }
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let (clock, asked) = (ByHand::default(), Rc::default());
    let inner = PortableSelector::new().unwrap();
    let selector = Days { inner, clock: clock.clone(), asked: Rc::clone(&asked) };
    let event_loop = EventLoop::builder().clock(clock).selector(selector).build().unwrap();
    event_loop.call_later(DAY * 2 + Duration::from_secs(5), || ());
    event_loop.run().unwrap();
    assert_eq!(*asked.borrow(), [Some(DAY), Some(DAY), Some(Duration::from_secs(5))]);
}

// EV-HND-01, F25: a cancelled timer is gone at once.
#[test]
fn cancelling_a_timer_frees_it_at_once() {
    let event_loop = EventLoop::new().unwrap();
    let captured = Rc::new(());
    let held = Rc::clone(&captured);
    let timer = event_loop.call_later(Duration::from_secs(3600), move || drop(held));
    assert_eq!(event_loop.metrics().timers, 1);
    timer.cancel();
    assert_eq!((event_loop.metrics().timers, Rc::strong_count(&captured)), (0, 1));
    timer.cancel();
    event_loop.run().unwrap();
}
