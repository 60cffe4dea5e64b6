//! `time`: sleeping parks its task only, the rest is the standard library's.
//!
//! ```
//! use evergreen_io::lib::time::{Duration, Instant, sleep};
//!
//! let before = Instant::now();
//! evergreen_loop::block_on(sleep(0.01));
//! assert!(before.elapsed() >= Duration::from_millis(10));
//! ```

pub use std::time::{Duration, Instant, SystemTime, SystemTimeError, UNIX_EPOCH};

#[doc(inline)]
pub use evergreen_task::sleep;
