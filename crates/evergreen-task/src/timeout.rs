//! Waiting with a limit.
//!
//! A limit is a plain future: it polls the inner future first, then looks at the time, so a value
//! that is there is never thrown away (R-3). Expiry drops the inner future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use evergreen_loop::build::Timer;
use evergreen_loop::{Delay, LoopTime};
use pin_project_lite::pin_project;

use crate::sleep::{Sleep, sleep, sleep_until};

/// A limit on a wait, and the error that says that it was passed.
///
/// Negative limits never pass, zero passes after one trip through the queue. Two limits are equal
/// only if they are the same one, so with nested limits the error tells whose time was over.
///
/// ```
/// use evergreen_task::{Timeout, sleep};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let limit = Timeout::after(0.01);
/// let passed = limit.clone().run(sleep(60.0)).await;
/// assert_eq!(passed, Err(limit));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a limit does nothing until something runs under it"]
pub struct Timeout {
    id: u64,
    limit: Limit,
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    After(Delay),
    At(LoopTime),
    Never,
}

impl Timeout {
    /// So long from the moment that something begins to run under it.
    pub fn after(limit: impl Into<Delay>) -> Self {
        let limit = limit.into();
        Self::new(if limit.is_negative() { Limit::Never } else { Limit::After(limit) })
    }

    /// At this moment.
    pub fn at(deadline: LoopTime) -> Self {
        Self::new(Limit::At(deadline))
    }

    /// Never.
    pub fn never() -> Self {
        Self::new(Limit::Never)
    }

    fn new(limit: Limit) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), limit }
    }

    /// Runs a future under this limit. The error is this very limit.
    pub fn run<F: Future>(self, future: F) -> Limited<F> {
        let timer = self.timer();
        Limited { future: Some(future), timer, timeout: Some(self) }
    }

    /// Starts the clock now, for several futures one after the other.
    pub fn arm(&mut self) -> Armed<'_> {
        Armed { deadline: self.timer().map(|timer| deadline_of(&timer)), timeout: self }
    }

    fn timer(&self) -> Option<Sleep> {
        match self.limit {
            Limit::After(limit) => Some(sleep(limit)),
            Limit::At(deadline) => Some(sleep_until(deadline)),
            Limit::Never => None,
        }
    }
}

fn deadline_of(timer: &Sleep) -> LoopTime {
    timer.deadline().unwrap_or_else(Timer::now)
}

impl PartialEq for Timeout {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Timeout {}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Limit::After(limit) => {
                let seconds = limit.as_secs_f64();
                let unit = if seconds == 1.0 { "second" } else { "seconds" };
                write!(f, "timed out after {seconds} {unit}")
            },
            Limit::At(deadline) => write!(f, "timed out at {deadline:?}"),
            Limit::Never => f.write_str("never times out"),
        }
    }
}

impl std::error::Error for Timeout {}

pin_project! {
    /// A future that runs under a limit.
    ///
    /// # Kill safety
    ///
    /// That of the inner future.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Limited<F> {
        #[pin]
        future: Option<F>,
        timer: Option<Sleep>,
        timeout: Option<Timeout>,
    }
}

impl<F: Future> Future for Limited<F> {
    type Output = Result<F::Output, Timeout>;

    /// # Panics
    ///
    /// If it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a future under a limit was polled after it was ready");
        let output = match future.poll(cx) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => match poll_timer(this.timer, cx) {
                Poll::Ready(()) => Err(this.timeout.take().expect("there until it is ready")),
                Poll::Pending => return Poll::Pending,
            },
        };
        // What is over holds nothing any more, neither the loop nor what the future owns.
        *this.timer = None;
        this.future.set(None);
        Poll::Ready(output)
    }
}

/// Pending for ever without a timer.
fn poll_timer(timer: &mut Option<Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    timer.as_mut().map_or(Poll::Pending, |timer| Pin::new(timer).poll(cx))
}

/// A limit whose clock runs. See [`Timeout::arm`].
///
/// While it exists the limit cannot be armed again: the compiler says so. After
/// [`Armed::cancel`] or when it is dropped, it can.
#[derive(Debug)]
#[must_use = "a limit does nothing until something runs under it"]
pub struct Armed<'a> {
    timeout: &'a Timeout,
    deadline: Option<LoopTime>,
}

impl Armed<'_> {
    /// Runs a future under what is left of the time.
    ///
    /// # Errors
    ///
    /// The limit, if its time is over first.
    ///
    /// # Kill safety
    ///
    /// That of the inner future.
    pub async fn scope<F: Future>(&mut self, future: F) -> Result<F::Output, Timeout> {
        let timer = self.deadline.map(sleep_until);
        Limited { future: Some(future), timer, timeout: Some(self.timeout.clone()) }.await
    }

    /// Stops the clock: what runs under the limit later has no limit.
    pub const fn cancel(&mut self) {
        self.deadline = None;
    }

    /// Whether the time is over.
    pub fn expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Timer::now())
    }
}

/// Runs a future for at most so long. See [`Timeout`] for limits that are zero or negative.
///
/// ```
/// use evergreen_task::{sleep, timeout};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// assert!(timeout(0.01, sleep(60.0)).await.is_err());
/// assert_eq!(timeout(60.0, async { 3 }).await, Ok(3));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
pub fn timeout<F: Future>(limit: impl Into<Delay>, future: F) -> Limited<F> {
    Timeout::after(limit).run(future)
}

/// Runs a future until a moment on the loop's clock at the latest.
pub fn timeout_at<F: Future>(deadline: LoopTime, future: F) -> Limited<F> {
    Timeout::at(deadline).run(future)
}

/// As [`timeout`], with an error of the caller's own.
///
/// # Errors
///
/// What `error` makes, if the time is over first.
///
/// # Kill safety
///
/// That of the inner future.
pub async fn timeout_or<F: Future, E>(
    limit: impl Into<Delay>,
    future: F,
    error: impl FnOnce() -> E,
) -> Result<F::Output, E> {
    timeout(limit, future).await.map_err(|_| error())
}

/// As [`timeout`], without a word when the time is over.
///
/// # Kill safety
///
/// That of the inner future.
pub async fn timeout_silent<F: Future>(limit: impl Into<Delay>, future: F) -> Option<F::Output> {
    timeout(limit, future).await.ok()
}
