//! Points and lengths of time, and the one place that reads a clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::virtual_time::VirtualTime;

/// A point on the loop's monotonic clock, in nanoseconds since the process first asked for it, or
/// since the loop was made if its time is virtual.
///
/// Arithmetic saturates: a point can be far away, but never wraps.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoopTime(u64);

impl LoopTime {
    /// The farthest point that can be told, 584 years after the first.
    pub const MAX: Self = Self(u64::MAX);

    /// The point that lies `nanos` nanoseconds after the clock's zero.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the clock's zero, as Python's `time()` gives them.
    pub fn as_secs_f64(self) -> f64 {
        Duration::from_nanos(self.0).as_secs_f64()
    }
}

impl Add<Duration> for LoopTime {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl AddAssign<Duration> for LoopTime {
    fn add_assign(&mut self, length: Duration) {
        *self = *self + length;
    }
}

impl Sub for LoopTime {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero if `earlier` is the later one.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The same moment for those who reckon in the standard library's clock. Under virtual time it is as
/// far from the start of the process as the loop's time from its own.
impl From<LoopTime> for Instant {
    fn from(time: LoopTime) -> Self {
        MonotonicClock::new().zero + Duration::from_nanos(time.0)
    }
}

/// The other way; what lies before the clock's zero is zero.
impl From<Instant> for LoopTime {
    fn from(instant: Instant) -> Self {
        Self::default() + instant.saturating_duration_since(MonotonicClock::new().zero)
    }
}

impl fmt::Debug for LoopTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoopTime({:?})", Duration::from_nanos(self.0))
    }
}

/// How long to wait, as Python's functions take it: a `Duration`, or seconds that may be negative.
///
/// What a negative delay means is said where one is taken: [`call_later`] treats it as zero, a time
/// limit as "no limit".
///
/// ```
/// use evergreen_loop::Delay;
/// use std::time::Duration;
///
/// assert_eq!(Delay::from(0.25), Delay::from(Duration::from_millis(250)));
/// assert!(Delay::from(-1.0).is_negative());
/// assert!(Delay::from_secs(f64::NAN).is_err());
/// ```
///
/// [`call_later`]: crate::EventLoop::call_later
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay(Length);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Length {
    Negative(f64),
    Positive(Duration),
}

impl Delay {
    /// No time at all.
    pub const ZERO: Self = Self(Length::Positive(Duration::ZERO));

    /// A delay of so many seconds. Longer than can be told, infinity included, becomes the longest.
    ///
    /// # Errors
    ///
    /// [`InvalidDelay`] if `seconds` is not a number.
    pub fn from_secs(seconds: f64) -> Result<Self, InvalidDelay> {
        if seconds.is_nan() {
            return Err(InvalidDelay);
        }
        if seconds < 0.0 {
            return Ok(Self(Length::Negative(seconds)));
        }
        let length = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Ok(Self(Length::Positive(length)))
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        matches!(self.0, Length::Negative(_))
    }

    /// Its length, or `None` if it is negative.
    pub const fn length(self) -> Option<Duration> {
        match self.0 {
            Length::Negative(_) => None,
            Length::Positive(length) => Some(length),
        }
    }

    /// Its length in seconds, below zero if it is negative.
    pub fn as_secs_f64(self) -> f64 {
        match self.0 {
            Length::Negative(seconds) => seconds,
            Length::Positive(length) => length.as_secs_f64(),
        }
    }
}

impl From<Duration> for Delay {
    fn from(length: Duration) -> Self {
        Self(Length::Positive(length))
    }
}

/// Seconds.
///
/// # Panics
///
/// If the number is NaN; [`Delay::from_secs`] gives an error instead.
impl From<f64> for Delay {
    fn from(seconds: f64) -> Self {
        Self::from_secs(seconds).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The number given as a delay is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDelay;

impl fmt::Display for InvalidDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a delay must be a number of seconds, not NaN")
    }
}

impl std::error::Error for InvalidDelay {}

/// Where a loop takes its time from.
pub trait Clock {
    /// The present moment. It must never go back.
    fn now(&self) -> LoopTime;
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    zero: Instant,
}

impl MonotonicClock {
    /// The clock that all loops of the process share.
    pub fn new() -> Self {
        static ZERO: OnceLock<Instant> = OnceLock::new();
        Self { zero: *ZERO.get_or_init(Instant::now) }
    }
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> LoopTime {
        let elapsed = self.zero.elapsed();
        // 584 years fit.
        LoopTime::from_nanos(elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos()))
    }
}

/// The loop's clock: the usual one without dynamic dispatch, any other with it.
pub(crate) enum ClockSource {
    Monotonic(MonotonicClock),
    Virtual(VirtualTime),
    Other(Box<dyn Clock>),
}

impl ClockSource {
    pub(crate) fn now(&self) -> LoopTime {
        match self {
            Self::Monotonic(clock) => clock.now(),
            Self::Virtual(time) => time.now(),
            Self::Other(clock) => clock.now(),
        }
    }
}
