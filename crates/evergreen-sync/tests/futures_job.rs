//! `Job`: rows EV-FUT-01 to EV-FUT-08, EV-FUT-32.

mod common;

use std::collections::HashSet;
use std::rc::Rc;

use common::{OnDrop, TestLoop, Trace, poll_once, settle, virtual_loop};
use evergreen_sync::futures::{Get, Job, JobError, Promise, promise};
use evergreen_task::{Task, sleep, spawn};

/// Notes what it gets.
fn getter(job: &Job<u32>, trace: &Trace, name: &'static str) -> Task<()> {
    let (get, trace) = (job.get(), trace.clone());
    spawn(async move {
        let got = get.await.map_or_else(|error| kind(&error), |value| value.to_string());
        trace.note(format_args!("{name}: {got}"));
    })
}

fn kind(error: &JobError) -> String {
    match error {
        JobError::Cancelled => "cancelled".to_owned(),
        JobError::TimedOut => "timed out".to_owned(),
        JobError::AlreadyUsed => "already used".to_owned(),
        JobError::Failed(error) => format!("failed, {error}"),
        other => format!("{other:?}"),
    }
}

// EV-FUT-09: all of it belongs to the thread of the loop.
static_assertions::assert_not_impl_any!(Job<u8>: Send, Sync);
static_assertions::assert_not_impl_any!(Promise<u8>: Send, Sync);
static_assertions::assert_not_impl_any!(Get<u8>: Send, Sync);
static_assertions::assert_impl_all!(Get<std::marker::PhantomPinned>: Unpin);

// EV-FUT-01
#[test]
fn its_debug_form_names_the_state_and_the_type_of_the_result() {
    let (promise, job) = promise::<u32>();
    assert_eq!(format!("{job:?}"), "Job<u32>(pending)");
    assert_eq!(promise.set_running_or_notify_cancel(), Ok(true));
    assert_eq!(format!("{job:?}"), "Job<u32>(running)");
    promise.set_result(1).expect("not cancelled");
    assert_eq!(format!("{job:?}"), "Job<u32>(finished)");
}

// EV-FUT-01
#[test]
fn its_debug_form_says_whether_it_failed_or_was_cancelled_and_no_more() {
    let (failing, failed) = promise::<u32>();
    failing.set_error("no").expect("not cancelled");
    assert_eq!(format!("{failed:?}"), "Job<u32>(finished, failed)");
    let (promise, job) = promise::<u32>();
    assert!(job.cancel());
    assert_eq!(format!("{job:?}"), "Job<u32>(cancelled)");
    assert_eq!(promise.set_running_or_notify_cancel(), Ok(false));
    assert_eq!(format!("{job:?}"), "Job<u32>(cancelled)");
}

// EV-FUT-01
#[expect(clippy::mutable_key_type, reason = "its hash is its address")]
#[test]
fn handles_are_equal_if_they_are_of_the_same_job() {
    let (_promise, job) = promise::<u32>();
    let (_other, stranger) = promise::<u32>();
    assert_eq!(job, job.clone());
    assert_ne!(job, stranger);
    let set: HashSet<_> = [job.clone(), stranger.clone(), job, stranger].into_iter().collect();
    assert_eq!(set.len(), 2);
}

// EV-FUT-02, EV-FUT-03, EV-FUT-04, EV-FUT-32
#[test]
fn what_has_not_begun_is_cancelled_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let trace = Trace::new();
        let (_promise, job) = promise::<u32>();
        let _tasks = [getter(&job, &trace, "a"), getter(&job, &trace, "b")];
        let notes = trace.clone();
        job.add_done_callback(move |job| notes.note(format_args!("{job:?}")));
        settle().await;
        assert!(!job.is_cancelled() && !job.is_done() && !job.is_running());
        assert!(job.cancel());
        trace.assert_eq(["Job<u32>(cancelled)"]);
        assert!(job.cancel());
        assert!(job.is_cancelled() && job.is_done() && !job.is_running());
        settle().await;
        trace.assert_eq(["a: cancelled", "b: cancelled"]);
        assert!(matches!(job.get().await, Err(JobError::Cancelled)));
        assert!(matches!(job.get().await, Err(JobError::Cancelled)));
    });
}

// EV-FUT-02, EV-FUT-03, EV-FUT-04
#[test]
fn what_runs_or_has_finished_is_not_cancelled() {
    let (promise, job) = promise();
    assert_eq!(promise.set_running_or_notify_cancel(), Ok(true));
    assert!(!job.cancel() && !job.is_cancelled() && !job.is_done() && job.is_running());
    promise.set_result(1).expect("not cancelled");
    assert!(!job.cancel() && !job.is_cancelled() && job.is_done() && !job.is_running());
    assert!(matches!(job.try_get(), Some(Ok(1))));
    assert!(!job.cancel() && !job.is_cancelled() && job.is_done());
}

// EV-FUT-05, EV-FUT-07: of those who wait the first has it, though another has its turn before.
#[test]
fn of_several_who_wait_the_first_gets_the_result() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let trace = Trace::new();
        let (promise, job) = promise();
        let _tasks = ["a", "b", "c"].map(|name| getter(&job, &trace, name));
        settle().await;
        let _barger = getter(&job, &trace, "has its turn before a");
        promise.set_result(7).expect("not cancelled");
        assert!(job.try_get().is_none(), "it is owed to the first");
        settle().await;
        let barger = "has its turn before a: already used";
        trace.assert_eq(["a: 7", "b: already used", "c: already used", barger]);
    });
}

// EV-FUT-05, EV-FUT-08
#[test]
fn the_error_of_the_call_is_the_result() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (promise, job) = promise::<u32>();
        promise.set_error(std::io::Error::other("no answer")).expect("not cancelled");
        let Err(JobError::Failed(error)) = job.get().await else { panic!("another error") };
        assert_eq!(error.to_string(), "no answer");
        assert!(error.is::<std::io::Error>());
    });
}

// EV-FUT-06, D-11, R-3
#[test]
fn a_limit_harms_neither_the_job_nor_the_next_wait() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (promise, job) = promise();
        let before = event_loop.time();
        assert!(matches!(job.get_timeout(5.0).await, Err(JobError::TimedOut)));
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert!(matches!(job.get_timeout(0.0).await, Err(JobError::TimedOut)));
        assert!(!job.is_done());
        let keeper = spawn(async move {
            sleep(3600.0).await;
            promise.set_result(1)
        });
        assert!(matches!(job.get_timeout(-1.0).await, Ok(1)));
        assert_eq!(keeper.await.expect("not killed"), Ok(()));
        assert!(matches!(job.get_timeout(-1.0).await, Err(JobError::AlreadyUsed)));
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-06, R-3
#[test]
fn a_result_that_comes_with_the_deadline_counts() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (promise, job) = promise();
        event_loop.call_later(1.0, move || promise.set_result(1).expect("not cancelled"));
        assert!(matches!(job.get_timeout(1.0).await, Ok(1)));
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-07
#[test]
fn the_second_get_finds_the_result_used_up() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (kept, job) = promise();
        kept.set_result(7).expect("not cancelled");
        assert!(matches!(job.get().await, Ok(7)));
        assert!(matches!(job.get().await, Err(JobError::AlreadyUsed)));
        assert!(matches!(job.clone().try_get(), Some(Err(JobError::AlreadyUsed))));
        let (broken, job) = promise::<u32>();
        broken.set_error("no").expect("not cancelled");
        assert!(matches!(job.get().await, Err(JobError::Failed(_))));
        assert!(matches!(job.get().await, Err(JobError::AlreadyUsed)));
    });
}

// EV-FUT-06, EV-FUT-07
#[test]
fn a_get_that_has_timed_out_uses_nothing_up() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (promise, job) = promise();
        assert!(matches!(job.get_timeout(0.0).await, Err(JobError::TimedOut)));
        promise.set_result(7).expect("not cancelled");
        assert!(matches!(job.get().await, Ok(7)));
    });
}

// EV-FUT-07, R-13, D-12: killed between wake and read.
#[test]
fn a_result_whose_reader_was_killed_goes_to_the_next() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let trace = Trace::new();
        let (promise, job) = promise();
        let [a, b, c, _d] = ["a", "b", "c", "d"].map(|name| getter(&job, &trace, name));
        settle().await;
        b.kill();
        settle().await;
        a.kill();
        promise.set_result(7).expect("not cancelled");
        settle().await;
        trace.assert_eq(["c: 7", "d: already used"]);
        c.await.expect("not killed");
    });
}

// EV-FUT-07, R-13
#[test]
fn a_result_whose_only_reader_was_killed_stays() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (promise, job) = promise();
        let reader = getter(&job, &Trace::new(), "a");
        settle().await;
        reader.kill();
        promise.set_result(7).expect("not cancelled");
        assert!(reader.await.is_err());
        assert!(matches!(job.get().await, Ok(7)));
    });
}

// EV-FUT-07: a wait that is dropped at any of its polls takes nothing with it.
#[test]
fn a_wait_that_is_dropped_at_any_poll_uses_nothing_up() {
    for polls in 0..3 {
        let (promise, job) = promise();
        let mut wait = job.get();
        assert!((0..polls).all(|_| poll_once(&mut wait).is_pending()));
        promise.set_result(7).expect("not cancelled");
        drop(wait);
        assert!(matches!(job.try_get(), Some(Ok(7))), "after {polls} polls");
    }
}

// EV-FUT-07, EV-FUT-02: what is left of a cancelled wait is no result.
#[test]
fn a_cancel_that_nobody_read_leaves_the_job_cancelled() {
    let (_promise, job) = promise::<u32>();
    let mut wait = job.get();
    assert!(poll_once(&mut wait).is_pending());
    assert!(job.cancel());
    drop(wait);
    assert!(matches!(job.try_get(), Some(Err(JobError::Cancelled))));
}

#[test]
fn a_result_that_nobody_fetches_is_dropped_with_the_last_handle() {
    let trace = Trace::new();
    let (promise, job) = promise();
    assert!(promise.set_result(trace.on_drop("dropped")).is_ok());
    let other = job.clone();
    drop(job);
    trace.assert_eq([]);
    drop(other);
    trace.assert_eq(["dropped"]);
}

// A destructor of a result may use the job: nothing is borrowed while it runs.
#[test]
fn a_destructor_of_a_result_may_ask_the_job() {
    let (promise, job) = promise::<OnDrop<Box<dyn FnOnce()>>>();
    let asks = Rc::new(job.clone());
    let value: Box<dyn FnOnce()> = Box::new(move || assert!(asks.is_done() && !asks.cancel()));
    assert!(promise.set_result(OnDrop::new(value)).is_ok());
    let mut wait = job.get();
    drop(poll_once(&mut wait));
    assert!(matches!(job.try_get(), Some(Err(JobError::AlreadyUsed))));
}
