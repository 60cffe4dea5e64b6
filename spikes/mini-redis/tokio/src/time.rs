//! Time, by the loop's clock.

mod instant;
mod interval;
mod pause;
mod sleep;

pub use evergreen::timeout;
pub use std::time::Duration;

pub use instant::Instant;
pub use interval::Interval;
pub(crate) use pause::PausableClock;
pub use pause::{advance, pause};
pub use sleep::{Sleep, sleep, sleep_until};
