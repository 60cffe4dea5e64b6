//! Whoever waits, ended at each of its suspensions.
//!
//! A task may be killed, and a future dropped, wherever it waits. What others wait for must survive
//! that: nothing may be lost or doubled, and the next is to be served. Whether it does so everywhere
//! is seen by a *scenario*: an async closure that starts *roles* on a [`Stage`], serves them, and
//! then asserts what must hold whoever has gone. [`every_point`] plays it once undisturbed, which
//! counts the suspensions of each role, and then once more for each suspension and each [`Ending`].
//!
//! A scenario must go the same way each time. So it has virtual time, and best nothing that other
//! threads or the system bring about.
//!
//! [`assert_covered`] reads sources, and fails if an async method has no scenario.
//!
//! ```
//! use std::rc::Rc;
//!
//! use evergreen_sync::Mutex;
//! use evergreen_task::yield_now;
//! use evergreen_testing::kill_points::every_point;
//!
//! let points = every_point("Mutex::lock", async |stage| {
//!     let mutex = Rc::new(Mutex::new(()));
//!     for _ in 0..3 {
//!         let mutex = Rc::clone(&mutex);
//!         stage.role(async move {
//!             let _held = mutex.lock().await;
//!             yield_now().await;
//!         });
//!     }
//!     // Everybody has had it but whoever is gone, and it is free again.
//!     stage.rest_in_order().await;
//!     assert!(mutex.try_lock().is_some());
//! });
//! // Five suspensions with four endings each, and three roles that do not begin.
//! assert_eq!(points, 5 * 4 + 3);
//! ```

mod covered;
mod point;
mod role;
mod stage;
mod walk;

pub use covered::assert_covered;
pub use point::{Ending, Point};
pub use stage::Stage;
pub use walk::every_point;
