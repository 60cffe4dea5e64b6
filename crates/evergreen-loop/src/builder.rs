//! Options of a loop.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::{Clock, ClockSource, MonotonicClock};
use crate::core::{Core, Parts};
use crate::current;
use crate::error::LoopError;
use crate::event_loop::EventLoop;
use crate::fork::Process;
use crate::selector::{OwnedSelector, Selector, system_selector};
use crate::slow;
use crate::sources::Sources;
use crate::virtual_time::VirtualTime;

/// Entries between two polls while there is work.
const ENTRIES_BETWEEN_POLLS: usize = 64;
/// Threads for blocking jobs.
const BLOCKING_THREADS: usize = 512;

/// Makes an [`EventLoop`] with options.
///
/// ```
/// use evergreen_loop::EventLoop;
///
/// let event_loop = EventLoop::builder().name("worker").entries_between_polls(16).build()?;
/// assert_eq!(event_loop.name(), Some("worker"));
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
#[must_use = "a builder makes no loop until `build` is called"]
pub struct Builder {
    name: Option<String>,
    entries_between_polls: usize,
    blocking_threads: usize,
    slow_entry_threshold: Option<Duration>,
    clock: ClockSource,
    selector: Option<Box<dyn Selector>>,
}

impl Builder {
    /// The usual options: no name, 64 entries between polls, at most 512 threads for blocking jobs.
    pub fn new() -> Self {
        Self {
            name: None,
            entries_between_polls: ENTRIES_BETWEEN_POLLS,
            blocking_threads: BLOCKING_THREADS,
            slow_entry_threshold: slow::usual_threshold(),
            clock: ClockSource::Monotonic(MonotonicClock::new()),
            selector: None,
        }
    }

    /// Names the loop, for those who look at several.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many entries of the queue may run before the poller is asked again. Fewer serve I/O
    /// sooner, more spend less on system calls. Zero counts as one.
    pub const fn entries_between_polls(mut self, entries: usize) -> Self {
        self.entries_between_polls = if entries == 0 { 1 } else { entries };
        self
    }

    /// How many threads may run blocking jobs at once. Zero counts as one.
    pub const fn blocking_threads(mut self, threads: usize) -> Self {
        self.blocking_threads = if threads == 0 { 1 } else { threads };
        self
    }

    /// How long one entry may run before a line on standard error says who held up the loop, and
    /// where it was made. `None` says nothing, and costs nothing.
    ///
    /// By default it is 100 ms in debug builds, or if the variable `EVERGREEN_DEBUG` is set; never
    /// if that is `0`. It is real time, also where the loop's clock is another.
    pub const fn slow_entry_threshold(mut self, threshold: Option<Duration>) -> Self {
        self.slow_entry_threshold = threshold;
        self
    }

    /// Gives the loop a clock of its own, which does not follow the system's. It begins at zero and
    /// stands still while anything runs. Only when nothing is left to do, and the poller, asked
    /// without waiting, has found nothing, it jumps to the next timer, however far away.
    ///
    /// It does not jump while a blocking job is out or somebody holds a
    /// [`KeepAlive`](crate::KeepAlive): then the loop waits for what comes from outside, as any
    /// other. Nor does it reach [`LoopTime::MAX`](crate::LoopTime::MAX), which is "never".
    ///
    /// For tests. The crate `evergreen-testing` moves and freezes the time.
    ///
    /// ```
    /// use evergreen_loop::{EventLoop, LoopTime};
    /// use std::time::Duration;
    ///
    /// let event_loop = EventLoop::builder().virtual_time().build()?;
    /// let one_year = Duration::from_secs(365 * 24 * 60 * 60);
    /// event_loop.call_later(one_year, || println!("a year later"));
    /// event_loop.run()?; // in no time
    /// assert_eq!(event_loop.time(), LoopTime::from_nanos(0) + one_year);
    /// # event_loop.destroy()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn virtual_time(mut self) -> Self {
        self.clock = ClockSource::Virtual(VirtualTime::default());
        self
    }

    /// Takes the time from somewhere else.
    #[doc(hidden)]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = ClockSource::Other(Box::new(clock));
        self
    }

    /// Waits with another poller.
    #[doc(hidden)]
    pub fn selector(mut self, selector: impl Selector + 'static) -> Self {
        self.selector = Some(Box::new(selector));
        self
    }

    /// Makes the loop, the current one of this thread from now on.
    ///
    /// # Errors
    ///
    /// [`LoopError::AlreadyExists`] if this thread has one; [`LoopError::Os`] if the system has no
    /// descriptors left.
    pub fn build(self) -> Result<EventLoop, LoopError> {
        if current::core().is_some() {
            return Err(LoopError::AlreadyExists);
        }
        let owner = Process::present()?;
        let selector = self.selector.map_or_else(system_selector, io::Result::Ok)?;
        let core = Rc::new(Core::new(Parts {
            name: self.name,
            clock: self.clock,
            sources: Sources::new(OwnedSelector::new(selector, owner)),
            owner,
            bound: self.entries_between_polls,
            threads: self.blocking_threads,
        }));
        current::install(&core)?;
        slow::set_threshold(self.slow_entry_threshold);
        Ok(EventLoop::from_core(core))
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("entries_between_polls", &self.entries_between_polls)
            .field("blocking_threads", &self.blocking_threads)
            .field("slow_entry_threshold", &self.slow_entry_threshold)
            .finish_non_exhaustive()
    }
}
