//! `Barrier`: EV-LOCK-26, -27.

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_sync::locks::{Barrier, BarrierError};
use evergreen_task::{sleep, spawn};
use evergreen_testing::kill_points::{Stage, every_point};

const PARTIES: usize = 3;

fn barrier() -> Rc<Barrier> {
    Rc::new(Barrier::new(PARTIES).expect("some"))
}

/// Nobody is in, and a round of newcomers is complete.
async fn look(stage: &Stage, barrier: Rc<Barrier>) {
    assert_eq!(format!("{barrier:?}"), format!("{:?}", self::barrier()));
    let others = [(); PARTIES - 1].map(|()| {
        let barrier = Rc::clone(&barrier);
        spawn(async move { barrier.wait().await.expect("not broken") })
    });
    let last = Rc::clone(&barrier);
    let number = stage.serves(async move { last.wait().await.expect("not broken") }, || ()).await;
    assert_eq!(number, PARTIES - 1);
    for (number, other) in others.into_iter().enumerate() {
        assert_eq!(other.await.expect("neither killed nor panicked"), number);
    }
}

/// Two rounds, of which the second comes while the first leaves.
async fn wait(
    stage: &Stage,
    way: impl AsyncFn(&Barrier) -> Result<usize, BarrierError> + Copy + 'static,
) {
    let (barrier, numbers) = (barrier(), Rc::new(RefCell::new(Vec::new())));
    for _ in 0..2 * PARTIES {
        let (barrier, numbers) = (Rc::clone(&barrier), Rc::clone(&numbers));
        stage.role(async move {
            let number = way(&barrier).await.expect("not broken");
            numbers.borrow_mut().push(number);
        });
    }
    stage.settle().await;
    let missing = barrier.n_waiting();
    assert!(missing == 0 || stage.victim().is_some());
    for _ in 0..(PARTIES - missing) % PARTIES {
        let barrier = Rc::clone(&barrier);
        drop(spawn(async move { barrier.wait().await.map(drop) }));
    }
    stage.rest().await;
    let numbers = numbers.take();
    // Each number once a round; the victim's was not told, or another has it.
    for number in 0..PARTIES {
        let times = numbers.iter().filter(|&&other| other == number).count();
        assert!(times == 2 || (times == 1 && stage.victim().is_some()), "{numbers:?}");
    }
    look(stage, barrier).await;
}

/// Who is late breaks it for all; those who have no limit, too.
async fn wait_too_late(stage: &Stage) {
    let barrier = barrier();
    for limit in [0.5, -1.0] {
        let barrier = Rc::clone(&barrier);
        stage.role(async move {
            let outcome = barrier.wait_timeout(limit).await;
            assert!(matches!(outcome, Err(BarrierError::Broken)));
        });
    }
    sleep(1.0).await;
    stage.settle().await;
    assert_eq!(barrier.is_broken(), stage.present() == 0 && stage.victim() != Some(0));
    barrier.abort();
    stage.rest().await;
    barrier.reset();
    look(stage, barrier).await;
}

#[test]
fn barriers() {
    every_point("Barrier::wait", async |stage| {
        wait(stage, async |barrier| barrier.wait().await).await;
    });
    every_point("Barrier::wait_timeout", async |stage| {
        wait(stage, async |barrier| barrier.wait_timeout(0.5).await).await;
    });
    every_point("Barrier::wait_timeout", wait_too_late);
}
