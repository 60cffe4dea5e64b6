//! Tools for testing programs that run on evergreen. Its own tests are written with them.
//!
//! - [`VirtualClock`]: time that jumps when nothing is left to do, and that a test moves or freezes.
//! - [`Trace`]: what happened, in order, compared as a whole.
//! - [`duplex`]: two ends of a connection in memory, with a bounded buffer each way.
//! - [`must_suspend`], [`must_not_suspend`]: whether a wait waits.
//! - [`kill_points`]: whoever waits, killed and dropped at each of its suspensions.
//! - [`TestLoop`], [`OnDrop`], [`poll_once`], [`settle`]: small parts that many tests need.
//!
//! It is for `[dev-dependencies]`, and stands on `evergreen-loop` and `evergreen-task` alone.
//!
//! ```
//! use evergreen_loop::LoopTime;
//! use evergreen_task::{sleep, spawn};
//! use evergreen_testing::{TestLoop, Trace, VirtualClock};
//! use std::time::Duration;
//!
//! let event_loop = TestLoop::with_virtual_time();
//! event_loop.block_on(async {
//!     let (clock, trace) = (VirtualClock::current(), Trace::new());
//!     let noting = trace.clone();
//!     spawn(async move {
//!         sleep(Duration::from_secs(3600)).await;
//!         noting.note("an hour has passed");
//!     });
//!     clock.advance(Duration::from_secs(3599)).await;
//!     trace.assert_eq([]);
//!     clock.advance(Duration::from_secs(1)).await;
//!     trace.assert_eq(["an hour has passed"]);
//!     assert_eq!(clock.elapsed(), Duration::from_secs(3600));
//! });
//! ```

mod clock;
mod diff;
mod duplex;
pub mod kill_points;
mod on_drop;
mod suspend;
mod test_loop;
mod trace;

pub use clock::VirtualClock;
pub use duplex::{MemoryStream, duplex};
pub use evergreen_loop::seam::Freeze;
pub use on_drop::OnDrop;
pub use suspend::{must_not_suspend, must_suspend, poll_once, polled, settle};
pub use test_loop::TestLoop;
pub use trace::Trace;
