//! Waiting for several jobs: EV-FUT-27 to -31.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use evergreen_sync::Mutex;
use evergreen_sync::futures::{
    AsCompleted, Job, Promise, WaitFor, as_completed, promise, wait, wait_timeout,
};
use evergreen_testing::kill_points::{Stage, every_point};
use futures_core::Stream;

fn promises() -> (Vec<Promise<u32>>, Vec<Job<u32>>) {
    (0..3).map(|_| promise()).unzip()
}

/// All are finished, the last one first.
async fn finish(stage: &Stage, promises: Vec<Promise<u32>>) {
    stage.settle().await;
    for (number, promise) in (0..).zip(promises).collect::<Vec<_>>().into_iter().rev() {
        stage.settle().await;
        promise.set_result(number).expect("not cancelled");
    }
}

/// The jobs are as they were.
async fn look(jobs: &[Job<u32>]) {
    for (number, job) in (0..).zip(jobs) {
        assert_eq!(job.get().await.expect("finished"), number);
    }
}

async fn wait_for_jobs(stage: &Stage) {
    let (promises, jobs) = promises();
    for (until, least) in [(WaitFor::AllCompleted, 3), (WaitFor::FirstCompleted, 1)] {
        let jobs = jobs.clone();
        stage.role(async move { assert!(wait(&jobs, until).await.done.len() >= least) });
    }
    finish(stage, promises).await;
    stage.rest().await;
    look(&jobs).await;
}

async fn wait_in_time(stage: &Stage) {
    let (promises, jobs) = promises();
    for (limit, done) in [(0.0, 0), (0.5, 0), (9.0, 3), (-1.0, 3)] {
        let jobs = jobs.clone();
        stage.role(async move {
            let sets = wait_timeout(&jobs, WaitFor::AllCompleted, limit).await;
            assert_eq!((sets.done.len(), sets.not_done.len()), (done, 3 - done));
        });
    }
    evergreen_task::sleep(1.0).await;
    finish(stage, promises).await;
    stage.rest_in_order().await;
    look(&jobs).await;
}

/// Whoever is killed between two jobs leaves the others to the next.
async fn fetch(
    stage: &Stage,
    next: impl AsyncFn(&mut AsCompleted<u32>) -> Option<Job<u32>> + Copy + 'static,
) {
    let (promises, jobs) = promises();
    let completed = Rc::new(Mutex::new(as_completed(&jobs)));
    let fetched = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..2 {
        let (completed, fetched) = (Rc::clone(&completed), Rc::clone(&fetched));
        stage.role(async move {
            let mut completed = completed.lock().await;
            while let Some(job) = next(&mut *completed).await {
                fetched.borrow_mut().push(job);
            }
        });
    }
    finish(stage, promises).await;
    stage.rest_in_order().await;
    assert!(fetched.borrow().iter().eq(jobs.iter().rev()));
    look(&jobs).await;
}

#[test]
fn wait_for_several() {
    every_point("wait", wait_for_jobs);
    every_point("wait_timeout", wait_in_time);
}

#[test]
fn completed() {
    every_point("AsCompleted::next", async |stage| {
        fetch(stage, async |completed| completed.next().await.map(|job| job.expect("no limit")))
            .await;
    });
    every_point("AsCompleted", async |stage| {
        fetch(stage, async |completed| {
            let next = poll_fn(|cx| Pin::new(&mut *completed).poll_next(cx)).await;
            next.map(|job| job.expect("no limit"))
        })
        .await;
    });
}
