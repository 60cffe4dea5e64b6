//! The clock of the stand-in, by which mini-redis's test of a key that expires takes no second.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Duration, Instant, advance, pause, sleep};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn time_that_is_paused_moves_when_it_is_told_to_and_wakes_who_is_due() {
    runtime().block_on(async {
        pause();
        let begun = Instant::now();
        let asleep = tokio::spawn(async {
            sleep(DAY).await;
            Instant::now()
        });
        tokio::spawn(async {}).await.unwrap();
        assert_eq!(Instant::now(), begun);
        advance(DAY).await;
        assert_eq!(asleep.await.unwrap(), begun + DAY);
        assert_eq!(Instant::now(), begun + DAY);
    });
}

#[test]
fn a_pause_ends_with_its_runtime() {
    let later = runtime().block_on(async {
        pause();
        advance(DAY).await;
        Instant::now()
    });
    assert!(runtime().block_on(async { Instant::now() }) < later);
}
