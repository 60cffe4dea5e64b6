//! What is fetched from jobs: EV-FUT-05 to -07, R-13.

use std::rc::Rc;

use evergreen_sync::futures::{JobError, promise};
use evergreen_testing::kill_points::{Stage, every_point};

use crate::items::{Item, Items};

/// One has it, the others know.
fn fetched(outcome: Result<Item, JobError>) {
    match outcome {
        Ok(item) => item.receive(),
        Err(error) => assert!(matches!(error, JobError::AlreadyUsed), "{error}"),
    }
}

async fn get(stage: &Stage) {
    let (items, (promise, job)) = (Items::default(), promise());
    for _ in 0..3 {
        let job = job.clone();
        stage.role(async move { fetched(job.get().await) });
    }
    stage.settle().await;
    promise.set_result(items.make()).expect("not cancelled");
    stage.rest_in_order().await;
    assert_eq!(items.received(), 1, "{items:?}");
    assert!(matches!(job.try_get(), Some(Err(JobError::AlreadyUsed))));
}

/// The only one who waits is gone: the result stays for who comes later.
async fn get_alone(stage: &Stage) {
    let (items, (promise, job)) = (Items::default(), promise());
    let getter = job.clone();
    stage.role(async move { fetched(getter.get().await) });
    stage.settle().await;
    promise.set_result(items.make()).expect("not cancelled");
    stage.rest().await;
    fetched(job.get().await);
    assert_eq!(items.received(), 1, "{items:?}");
}

async fn get_timeout(stage: &Stage) {
    let (items, (promise, job)) = (Items::default(), promise());
    let in_time = Rc::new([(0.0, false), (0.5, true), (-1.0, true), (0.5, true)]);
    for role in 0..4 {
        let (job, in_time) = (job.clone(), Rc::clone(&in_time));
        stage.role(async move {
            let (limit, is_in_time) = in_time[role];
            match job.get_timeout(limit).await {
                Err(JobError::TimedOut) => assert!(!is_in_time),
                outcome => fetched(outcome),
            }
        });
    }
    stage.settle().await;
    promise.set_result(items.make()).expect("not cancelled");
    stage.rest_in_order().await;
    assert_eq!(items.received(), 1, "{items:?}");
}

async fn get_too_late(stage: &Stage) {
    let (items, (promise, job)) = (Items::default(), promise());
    for limit in [0.0, 0.5, 0.5] {
        let job = job.clone();
        stage.role(async move {
            assert!(matches!(job.get_timeout(limit).await, Err(JobError::TimedOut)));
        });
    }
    stage.rest_in_order().await;
    promise.set_result(items.make()).expect("not cancelled");
    fetched(job.get().await);
    assert_eq!(items.received(), 1, "{items:?}");
}

async fn get_cancelled(stage: &Stage) {
    let (promise, job) = promise::<()>();
    for _ in 0..3 {
        let job = job.clone();
        stage.role(async move {
            assert!(matches!(job.get().await, Err(JobError::Cancelled)));
        });
    }
    stage.settle().await;
    assert!(job.cancel());
    stage.rest_in_order().await;
    drop(promise);
    assert!(matches!(job.get().await, Err(JobError::Cancelled)));
}

#[test]
fn job() {
    every_point("Get", get);
    every_point("Get", get_alone);
    every_point("Get", get_cancelled);
    every_point("Job::get_timeout", get_timeout);
    every_point("Job::get_timeout", get_too_late);
}
