//! Executors, and the results of `map`: EV-FUT-15 to -24.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use evergreen_sync::Mutex;
use evergreen_sync::futures::{
    ExecutorError, Job, JobError, MapResults, TaskPoolExecutor, ThreadPoolExecutor,
};
use evergreen_task::sleep;
use evergreen_testing::kill_points::{Stage, every_point};
use futures_core::Stream;

/// Jobs that were handed out, to see what becomes of them.
#[derive(Clone, Default)]
struct Jobs(Rc<RefCell<Vec<Job<u32>>>>);

impl Jobs {
    fn note(&self, job: Result<Job<u32>, ExecutorError>) -> Job<u32> {
        let job = job.expect("not shut down");
        self.0.borrow_mut().push(job.clone());
        job
    }

    /// All are made, whoever has gone.
    async fn rest(&self) {
        let jobs = self.0.take();
        for job in jobs {
            match job.get_timeout(3600.0).await {
                Ok(result) => assert_eq!(result, 42),
                Err(error) => assert!(matches!(error, JobError::AlreadyUsed), "{error}"),
            }
        }
    }
}

async fn work() -> u32 {
    sleep(0.1).await;
    42
}

async fn look_at_tasks(pool: TaskPoolExecutor, jobs: Jobs, is_shut: bool) {
    jobs.rest().await;
    let rest = "TaskPoolExecutor { max_workers: 2, workers: 0, queued: 0 }";
    assert_eq!(format!("{pool:?}"), rest);
    assert_eq!(pool.submit(work).is_err(), is_shut);
    pool.shutdown(true).await;
    assert_eq!(format!("{pool:?}"), rest);
}

async fn shut_tasks(stage: &Stage) {
    let (pool, jobs) = (TaskPoolExecutor::new(2).expect("some"), Jobs::default());
    (0..5).for_each(|_| drop(jobs.note(pool.submit(work))));
    for _ in 0..3 {
        let pool = pool.clone();
        stage.role(async move { pool.shutdown(true).await });
    }
    stage.rest_in_order().await;
    look_at_tasks(pool, jobs, true).await;
}

async fn scope_of_tasks(stage: &Stage) {
    let (pool, jobs) = (TaskPoolExecutor::new(2).expect("some"), Jobs::default());
    let (scoped, noted) = (pool.clone(), jobs.clone());
    stage.role(async move {
        let body = async |pool: TaskPoolExecutor| {
            let first = noted.note(pool.submit(work));
            (0..4).for_each(|_| drop(noted.note(pool.submit(work))));
            first.get().await.expect("made")
        };
        assert_eq!(scoped.scope(body).await, 42);
    });
    stage.rest().await;
    jobs.rest().await;
    // Without its end a scope shuts nothing.
    let is_shut = pool.submit(work).is_err();
    assert!(is_shut || stage.victim().is_some());
    pool.shutdown(true).await;
    assert_eq!(format!("{pool:?}"), "TaskPoolExecutor { max_workers: 2, workers: 0, queued: 0 }");
}

async fn shut_threads(stage: &Stage) {
    let (pool, jobs) = (ThreadPoolExecutor::new(1).expect("some"), Jobs::default());
    for role in 0..2 {
        let (pool, jobs) = (pool.clone(), jobs.clone());
        stage.role(async move {
            // In the turn in which it begins to wait: the result comes later.
            if role == 0 {
                drop(jobs.note(pool.submit(|| 42)));
            }
            pool.shutdown(true).await;
        });
    }
    stage.rest().await;
    jobs.rest().await;
    pool.shutdown(true).await;
    assert_eq!(format!("{pool:?}"), "ThreadPoolExecutor { max_workers: 1, jobs: 0 }");
}

async fn scope_of_threads(stage: &Stage) {
    let (pool, jobs) = (ThreadPoolExecutor::new(1).expect("some"), Jobs::default());
    let (scoped, noted) = (pool.clone(), jobs.clone());
    stage.role(async move {
        let body = async |pool: ThreadPoolExecutor| {
            let result = noted.note(pool.submit(|| 42)).get().await.expect("made");
            drop(noted.note(pool.submit(|| 42)));
            result
        };
        assert_eq!(scoped.scope(body).await, 42);
    });
    stage.rest().await;
    jobs.rest().await;
    pool.shutdown(true).await;
    assert_eq!(format!("{pool:?}"), "ThreadPoolExecutor { max_workers: 1, jobs: 0 }");
}

type Results = Rc<Mutex<MapResults<u32>>>;

/// Whoever is killed between two results leaves the others to the next.
async fn fetch(
    stage: &Stage,
    next: impl AsyncFn(&mut MapResults<u32>) -> Option<u32> + Copy + 'static,
) {
    let pool = TaskPoolExecutor::new(2).expect("some");
    let map = pool.map([3, 1, 2], |number| async move {
        sleep(f64::from(number)).await;
        number
    });
    let results: Results = Rc::new(Mutex::new(map.expect("not shut down")));
    let fetched = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..2 {
        let (results, fetched) = (Rc::clone(&results), Rc::clone(&fetched));
        stage.role(async move {
            let mut results = results.lock().await;
            while let Some(number) = next(&mut *results).await {
                fetched.borrow_mut().push(number);
            }
        });
    }
    stage.rest_in_order().await;
    assert_eq!(*fetched.borrow(), [3, 1, 2]);
    look_at_tasks(pool, Jobs::default(), false).await;
}

/// Dropped with who fetches them: what has not begun never does.
async fn fetch_own(stage: &Stage) {
    let pool = TaskPoolExecutor::new(1).expect("some");
    let begun = Rc::new(RefCell::new(Vec::new()));
    let (mapped, begins) = (pool.clone(), Rc::clone(&begun));
    stage.role(async move {
        let map = mapped.map(0..3, move |number| {
            begins.borrow_mut().push(number);
            work()
        });
        let mut results = map.expect("not shut down");
        while let Some(result) = results.next().await {
            assert_eq!(result.expect("made"), 42);
        }
    });
    stage.rest().await;
    sleep(1.0).await;
    let begun = begun.take();
    match stage.point() {
        None => assert_eq!(begun.len(), 3),
        // The worker may be one ahead.
        Some(point) => assert!(begun.len() <= point.suspension + 1, "{}", begun.len()),
    }
    assert!(begun.iter().copied().eq(0..begun.len()));
    assert_eq!(format!("{pool:?}"), "TaskPoolExecutor { max_workers: 1, workers: 0, queued: 0 }");
}

#[test]
fn task_pool() {
    every_point("TaskPoolExecutor::shutdown", shut_tasks);
    every_point("TaskPoolExecutor::scope", scope_of_tasks);
}

#[test]
fn thread_pool() {
    every_point("ThreadPoolExecutor::shutdown", shut_threads);
    every_point("ThreadPoolExecutor::scope", scope_of_threads);
}

#[test]
fn map() {
    every_point("MapResults::next", async |stage| {
        fetch(stage, async |results| results.next().await.map(|result| result.expect("made")))
            .await;
    });
    every_point("MapResults", async |stage| {
        fetch(stage, async |results| {
            let next = poll_fn(|cx| Pin::new(&mut *results).poll_next(cx)).await;
            next.map(|result| result.expect("made"))
        })
        .await;
    });
    every_point("MapResults::next", fetch_own);
}
