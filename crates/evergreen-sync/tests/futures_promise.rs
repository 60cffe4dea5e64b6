//! `Promise`: rows EV-FUT-11, EV-FUT-12.

mod common;

use common::{TestLoop, Trace, settle};
use evergreen_sync::futures::{JobError, PromiseError, promise};
use evergreen_task::spawn;

// EV-FUT-11
#[test]
fn it_begins_once() {
    let (promise, job) = promise::<u32>();
    assert_eq!(promise.set_running_or_notify_cancel(), Ok(true));
    let again = promise.set_running_or_notify_cancel();
    assert_eq!(again, Err(PromiseError::AlreadyRunning));
    assert!(job.is_running(), "as it was");
}

// EV-FUT-11
#[test]
fn it_is_told_once_that_its_job_is_cancelled() {
    let (promise, job) = promise::<u32>();
    assert!(job.cancel());
    assert_eq!(promise.set_running_or_notify_cancel(), Ok(false));
    let again = promise.set_running_or_notify_cancel();
    assert_eq!(again, Err(PromiseError::AlreadyNoticed));
    assert!(job.is_cancelled() && job.cancel(), "as it was");
}

// EV-FUT-12
#[test]
fn a_result_wakes_who_waits_and_runs_the_callbacks() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let trace = Trace::new();
        let (promise, job) = promise();
        let (get, notes) = (job.get(), trace.clone());
        let reader = spawn(async move { notes.note(format_args!("{:?}", get.await)) });
        let notes = trace.clone();
        job.add_done_callback(move |_| notes.note("callback"));
        settle().await;
        assert_eq!(promise.set_result(1), Ok(()));
        trace.assert_eq(["callback"]);
        reader.await.expect("not killed");
        trace.assert_eq(["Ok(1)"]);
    });
}

// EV-FUT-12
#[test]
fn it_need_not_begin_to_be_kept() {
    let (promise, job) = promise();
    assert_eq!(promise.set_result(1), Ok(()));
    assert!(matches!(job.try_get(), Some(Ok(1))));
}

// EV-FUT-12: what nobody wants is given back.
#[test]
fn what_a_cancelled_job_is_given_comes_back() {
    let (kept, job) = promise();
    assert!(job.cancel());
    assert_eq!(kept.set_result("value"), Err("value"));
    let (broken, job) = promise::<u32>();
    assert!(job.cancel());
    assert_eq!(broken.set_error("error"), Err("error"));
    assert!(matches!(job.try_get(), Some(Err(JobError::Cancelled))));
}

// EV-FUT-12
#[test]
fn dropped_unkept_it_cancels_its_job() {
    for begins in [false, true] {
        let event_loop = TestLoop::new();
        event_loop.block_on(async {
            let trace = Trace::new();
            let (promise, job) = promise::<u32>();
            let (get, notes) = (job.get(), trace.clone());
            let reader = spawn(async move { notes.note(format_args!("{:?}", get.await)) });
            let notes = trace.clone();
            job.add_done_callback(move |job| notes.note(format_args!("{job:?}")));
            settle().await;
            if begins {
                assert_eq!(promise.set_running_or_notify_cancel(), Ok(true));
            }
            drop(promise);
            trace.assert_eq(["Job<u32>(cancelled)"]);
            reader.await.expect("not killed");
            trace.assert_eq(["Err(JobError(the job was cancelled))"]);
            assert!(job.is_cancelled() && job.is_done() && !job.is_running());
        });
    }
}

#[test]
fn its_errors_name_the_way_out() {
    let messages =
        [PromiseError::AlreadyRunning, PromiseError::AlreadyNoticed].map(|error| error.to_string());
    assert_eq!(messages[0], "the promise has begun: keep it with a result or an error");
    assert_eq!(messages[1], "the promise's job is cancelled, as it was told: drop it");
}
