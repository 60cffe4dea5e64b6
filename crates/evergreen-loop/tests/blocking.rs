//! Work that blocks, on threads of the loop's pool.

mod common;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use common::{OnDrop, Trace, sleepy_loop, turn};
use evergreen_loop::{BlockingError, BlockingJob, EventLoop, TurnOutcome};

fn small_pool(threads: usize) -> EventLoop {
    EventLoop::builder().blocking_threads(threads).build().expect("a loop")
}

/// Waits for the result outside the loop that the job belongs to.
fn result<T>(job: BlockingJob<T>) -> Result<T, BlockingError> {
    evergreen_loop::block_on(job)
}

struct Noting(Trace, &'static str);

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.0.note(self.1);
    }
}

/// Polls the job with a waker that notes `name`.
fn poll<T>(job: &mut BlockingJob<T>, trace: &Trace, name: &'static str) -> bool {
    let waker = Waker::from(Arc::new(Noting(trace.clone(), name)));
    Pin::new(job).poll(&mut Context::from_waker(&waker)).is_ready()
}

/// A job that says when it begins, and ends when the sender is dropped.
fn held(event_loop: &EventLoop) -> (BlockingJob<()>, Receiver<()>, Sender<()>) {
    let (begin, begun) = channel();
    let (release, released) = channel();
    let job = event_loop.run_blocking(move || {
        begin.send(()).expect("somebody waits");
        released.recv().expect_err("nothing is sent");
    });
    (job, begun, release)
}

// EV-LOOP-26
#[test]
fn the_result_comes_from_another_thread() {
    let event_loop = EventLoop::new().unwrap();
    let (thread, name) = event_loop
        .block_on(event_loop.run_blocking(|| {
            let thread = thread::current();
            (thread.id(), thread.name().map(str::to_owned))
        }))
        .unwrap();
    assert_ne!(thread, thread::current().id());
    assert!(name.unwrap().starts_with("evergreen-blocking-"));
    event_loop.destroy().unwrap();
}

// EV-LOOP-26, F15: in Python the exception comes back in no usable shape.
#[test]
fn a_panic_comes_back_as_its_payload_and_the_thread_goes_on() {
    let event_loop = small_pool(1);
    let trace = Trace::new().of_errors(&event_loop);
    let panicked = event_loop.block_on(event_loop.run_blocking(|| panic!("in the job")));
    let Err(BlockingError::Panicked(panic)) = panicked else { panic!("no panic came back") };
    assert_eq!(panic.into_payload().downcast_ref::<&str>(), Some(&"in the job"));
    assert_eq!(event_loop.block_on(event_loop.run_blocking(|| 1)).unwrap(), 1);
    assert!(trace.take().is_empty(), "it belongs to whoever awaits it");
    event_loop.destroy().unwrap();
}

// EV-LOOP-25, EV-LOOP-26, D-5
#[test]
fn a_job_that_nobody_awaits_runs_and_holds_the_loop_until_it_is_delivered() {
    let (event_loop, asleep) = sleepy_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let (release, released) = channel::<()>();
    let in_job = trace.clone();
    drop(event_loop.run_blocking(move || {
        released.recv().unwrap();
        in_job.note("job");
    }));
    assert_eq!(event_loop.metrics().blocking_jobs, 1);
    let releasing = thread::spawn(move || {
        asleep.recv().unwrap();
        release.send(()).unwrap();
    });
    assert!(!event_loop.run().unwrap().stopped);
    assert_eq!(trace.take(), ["job"]);
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
    event_loop.destroy().unwrap();
    releasing.join().unwrap();
}

// EV-LOOP-26, D-2, D-4
#[test]
fn results_are_delivered_as_entries_in_the_order_in_which_the_jobs_end() {
    let event_loop = small_pool(1);
    let trace = Trace::new().of_errors(&event_loop);
    let mut first = event_loop.run_blocking(|| ());
    let mut second = event_loop.run_blocking(|| ());
    // When this one has begun, the only thread has sent the results of the others.
    let (mut third, begun, release) = held(&event_loop);
    assert!(!poll(&mut third, &trace, "third"));
    begun.recv().unwrap();
    event_loop.call_soon(trace.noting("queued after"));
    assert!(!poll(&mut second, &trace, "second") && !poll(&mut first, &trace, "first"));
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    assert!(poll(&mut first, &trace, "") && poll(&mut second, &trace, ""));
    drop(release);
    event_loop.run().unwrap();
    assert!(poll(&mut third, &trace, ""));
    assert_eq!(trace.take(), ["first", "second", "queued after", "third"]);
    event_loop.destroy().unwrap();
}

// EV-LOOP-26
#[test]
fn many_jobs_share_a_pool_of_one_thread_in_order() {
    for threads in [0, 1] {
        let event_loop = small_pool(threads);
        let (say, said) = channel();
        for n in 0..100 {
            let say = say.clone();
            drop(event_loop.run_blocking(move || say.send((n, thread::current().id())).unwrap()));
        }
        event_loop.run().unwrap();
        drop(say);
        let (numbers, threads): (Vec<i32>, Vec<_>) = said.iter().unzip();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        assert!(threads.iter().all(|thread| *thread == threads[0]));
        event_loop.destroy().unwrap();
    }
}

// EV-LOOP-26
#[test]
fn as_many_jobs_run_at_once_as_the_pool_has_threads() {
    let event_loop = small_pool(3);
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Each group of three waits until all three have begun.
    let group = Arc::new(Barrier::new(3));
    for _ in 0..30 {
        let (at_once, most, group) = (Arc::clone(&at_once), Arc::clone(&most), Arc::clone(&group));
        drop(event_loop.run_blocking(move || {
            most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            group.wait();
            at_once.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    event_loop.run().unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 3);
    event_loop.destroy().unwrap();
}

// EV-LOOP-21, EV-LOOP-26
#[test]
fn destroy_drops_queued_jobs_and_does_not_wait_for_a_running_one() {
    let event_loop = small_pool(1);
    let trace = Trace::new().of_errors(&event_loop);
    let (running, begun, release) = held(&event_loop);
    begun.recv().unwrap();
    let (captured, in_job) = (trace.on_drop("captures of the queued job"), trace.clone());
    let queued = event_loop.run_blocking(move || {
        in_job.note("queued job");
        drop(captured);
    });
    event_loop.destroy().unwrap();
    assert_eq!(trace.take(), ["captures of the queued job"]);
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
    assert!(matches!(result(queued), Err(BlockingError::LoopClosed)));
    drop(release);
    assert!(matches!(result(running), Err(BlockingError::LoopClosed)));
    let refused = event_loop.run_blocking(|| ());
    assert!(matches!(result(refused), Err(BlockingError::LoopClosed)));
}

// EV-LOOP-26, R-1
#[test]
fn a_job_can_be_awaited_on_another_thread() {
    let event_loop = EventLoop::new().unwrap();
    let (job, begun, release) = held(&event_loop);
    let waiting = thread::spawn(move || result(job));
    begun.recv().unwrap();
    drop(release);
    event_loop.run().unwrap();
    assert!(waiting.join().unwrap().is_ok());
    event_loop.destroy().unwrap();
}

// EV-LOOP-26: the waker polled last is the one that is woken.
#[test]
fn a_job_wakes_only_the_last_waker() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (mut job, begun, release) = held(&event_loop);
    begun.recv().unwrap();
    assert!(!poll(&mut job, &trace, "first") && !poll(&mut job, &trace, "second"));
    drop(release);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["second"]);
    assert!(poll(&mut job, &trace, ""));
    let again = catch_unwind(AssertUnwindSafe(|| poll(&mut job, &trace, "")));
    let payload = again.unwrap_err();
    let text = payload.downcast_ref::<&str>();
    assert_eq!(text, Some(&"a blocking job was polled after it was ready"));
}

// EV-LOOP-26
#[test]
fn a_job_runs_while_the_loop_runs_other_things() {
    let event_loop = EventLoop::new().unwrap();
    let (say, said) = channel();
    let job = event_loop.run_blocking(move || said.recv().unwrap());
    event_loop.call_soon(move || say.send("from the loop").unwrap());
    assert_eq!(event_loop.block_on(job).unwrap(), "from the loop");
    let ready =
        Pin::new(&mut event_loop.run_blocking(|| 1)).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Pending), "nothing was delivered yet");
}

// D-7, F15: nobody takes the result, so it is dropped where it is delivered.
#[test]
fn a_result_that_panics_when_it_is_dropped_is_reported_and_the_loop_goes_on() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    drop(event_loop.run_blocking(|| OnDrop::new(|| panic!("dropped"))));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["Callback: panicked: dropped"]);
}
