//! `BoundedSemaphore`: row EV-LOCK-09.

mod common;

use std::pin::pin;

use common::{TestLoop, polled};
use evergreen_sync::locks::{BoundedSemaphore, LockError};

// EV-LOCK-09
#[test]
fn a_bounded_semaphore_refuses_what_is_too_much_and_changes_nothing() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        assert_eq!(BoundedSemaphore::new(-1).err(), Some(LockError::NegativeValue(-1)));
        let semaphore = BoundedSemaphore::new(2).expect("not negative");
        assert_eq!(semaphore.release(), Err(LockError::OverRelease));
        let before = "BoundedSemaphore { free: 2, slots: 2, waiting: 0 }";
        assert_eq!(format!("{semaphore:?}"), before);
        assert!(semaphore.acquire().await && semaphore.try_acquire());
        assert!(!semaphore.acquire_timeout(0.0).await);
        assert_eq!((semaphore.release(), semaphore.release()), (Ok(()), Ok(())));
        drop((semaphore.lock().await, semaphore.try_lock().expect("free")));
        assert_eq!(semaphore.release(), Err(LockError::OverRelease));
        assert_eq!(format!("{semaphore:?}"), before);
        let message = LockError::OverRelease.to_string();
        assert!(message.contains("bounded semaphore") && message.contains("once for each acquire"));
    });
}

// EV-LOCK-09, EV-LOCK-07: a slot that goes back is not too much either.
#[test]
fn a_bounded_semaphore_hands_over_and_never_grows() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let semaphore = BoundedSemaphore::new(1).expect("not negative");
        assert!(semaphore.try_acquire());
        {
            let mut granted = pin!(semaphore.acquire());
            assert!(polled(&mut granted).await.is_pending());
            assert_eq!(semaphore.release(), Ok(()));
            assert!(!semaphore.try_acquire());
            // Whoever has been granted it has it: this release is for that one.
            assert_eq!(semaphore.release(), Ok(()));
        }
        let after = "BoundedSemaphore { free: 1, slots: 1, waiting: 0 }";
        assert_eq!(format!("{semaphore:?}"), after);
    });
}
