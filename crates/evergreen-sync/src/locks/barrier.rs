//! All arrive before any goes on.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::{BarrierError, Semaphore};
use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// Lets a number of tasks go on when all of them have come; then it begins again.
///
/// ```
/// use evergreen_sync::locks::Barrier;
/// use evergreen_task::spawn;
/// use std::rc::Rc;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let start = Rc::new(Barrier::new(2)?);
/// let other = Rc::clone(&start);
/// let runner = spawn(async move { other.wait().await });
/// let last = start.wait().await?;
/// let first = runner.await.expect("neither killed nor panicked")?;
/// assert_eq!(first + last, 1);
/// # Ok::<(), evergreen_sync::locks::BarrierError>(())
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of Python evergreen's `Barrier`. Whoever comes while the parties of one round
/// still leave is of a later one, which is complete when they all have left, at the earliest.
pub struct Barrier {
    parties: usize,
    limit: Option<Delay>,
    action: RefCell<Option<Action>>,
    is_broken: Cell<bool>,
    /// Counts the resets and aborts.
    failures: Cell<u64>,
    /// Whoever is in has one, from coming to leaving.
    places: Semaphore,
    waiters: RefCell<WaitList<Outcome>>,
}

type Action = Box<dyn FnMut() -> Result<(), Box<dyn Error + Send + Sync>>>;

/// The number of the party, if the round was complete.
type Outcome = Result<usize, Broken>;

pub(crate) struct Broken;

impl Barrier {
    /// A barrier for so many parties.
    ///
    /// # Errors
    ///
    /// [`BarrierError::NoParties`] if there are none.
    pub const fn new(parties: usize) -> Result<Self, BarrierError> {
        if parties == 0 {
            return Err(BarrierError::NoParties);
        }
        Ok(Self {
            parties,
            limit: None,
            action: RefCell::new(None),
            is_broken: Cell::new(false),
            failures: Cell::new(0),
            places: Semaphore::with_slots(parties),
            waiters: RefCell::new(WaitList::new()),
        })
    }

    /// Calls `action` each time that all have come, before any goes on: in the turn of the last. If
    /// it fails or panics, the barrier is broken, and the last one has the error or the panic.
    #[must_use]
    pub fn with_action(
        mut self,
        action: impl FnMut() -> Result<(), Box<dyn Error + Send + Sync>> + 'static,
    ) -> Self {
        self.action = RefCell::new(Some(Box::new(action)));
        self
    }

    /// The limit of each [`wait`](Self::wait). It begins when all parties of the round before have
    /// left.
    #[must_use]
    pub fn with_timeout(mut self, limit: impl Into<Delay>) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Waits until all have come. Gives a number below [`parties`](Self::parties), another to each
    /// party: the last one has the highest.
    ///
    /// # Errors
    ///
    /// [`BarrierError::Broken`] if the barrier is, or is broken or reset before all have come;
    /// [`BarrierError::Action`] for the one who ran the action.
    ///
    /// # Panics
    ///
    /// As the action does.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed before all have come has not come, and the others wait for another in its
    /// place. It is no failure, as in asyncio.
    pub async fn wait(&self) -> Result<usize, BarrierError> {
        self.wait_within(self.limit).await
    }

    /// As [`wait`](Self::wait), with a limit in place of the barrier's own. If the limit is over
    /// first, the barrier is broken. Zero is over after one trip through the queue, a negative limit
    /// never.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Kill safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_timeout(&self, limit: impl Into<Delay>) -> Result<usize, BarrierError> {
        self.wait_within(Some(limit.into())).await
    }

    /// Makes it usable, as it was at first. Those who wait have [`BarrierError::Broken`].
    pub fn reset(&self) {
        self.fail(false);
    }

    /// Breaks it until it is reset.
    pub fn abort(&self) {
        self.fail(true);
    }

    /// How many have to come.
    pub const fn parties(&self) -> usize {
        self.parties
    }

    /// How many have come and wait for others.
    pub fn n_waiting(&self) -> usize {
        self.waiting()
    }

    /// Whether it is broken.
    pub fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    async fn wait_within(&self, limit: Option<Delay>) -> Result<usize, BarrierError> {
        self.check()?;
        let _place = self.places.lock().await;
        self.check()?;
        if self.waiting() + 1 == self.parties {
            return self.complete();
        }
        let all = limit.map_or_else(Timeout::never, Timeout::after).run(Wait::new(self, ()));
        let outcome = all.await.unwrap_or_else(|_| {
            self.abort();
            Err(Broken)
        });
        outcome.map_err(|Broken| BarrierError::Broken)
    }

    fn check(&self) -> Result<(), BarrierError> {
        if self.is_broken() { Err(BarrierError::Broken) } else { Ok(()) }
    }

    /// The last one has come.
    fn complete(&self) -> Result<usize, BarrierError> {
        let last = self.parties - 1;
        let failures = self.failures.get();
        self.act()?;
        if self.failures.get() != failures {
            return Err(BarrierError::Broken);
        }
        for number in 0..last {
            self.grant(Ok(number)).ok();
        }
        Ok(last)
    }

    fn act(&self) -> Result<(), BarrierError> {
        let action = self.action.take();
        let mut acting = Acting { barrier: self, action, has_failed: true };
        let done = acting.action.as_mut().map_or(Ok(()), |action| action());
        acting.has_failed = done.is_err();
        done.map_err(BarrierError::Action)
    }

    fn fail(&self, is_broken: bool) {
        self.is_broken.set(is_broken);
        self.failures.set(self.failures.get() + 1);
        for _ in 0..self.waiting() {
            self.grant(Err(Broken)).ok();
        }
    }
}

/// The action runs while this exists.
struct Acting<'a> {
    barrier: &'a Barrier,
    action: Option<Action>,
    has_failed: bool,
}

impl Drop for Acting<'_> {
    fn drop(&mut self) {
        self.barrier.action.replace(self.action.take());
        if self.has_failed {
            self.barrier.abort();
        }
    }
}

impl Grants for Barrier {
    type Grant = Outcome;
    type Offer = ();

    fn waiters(&self) -> &RefCell<WaitList<Outcome>> {
        &self.waiters
    }

    /// The round is over for all.
    fn pass_on(&self, _: Outcome) {}
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_broken, waiting) = (self.is_broken(), self.waiting());
        let mut debug = f.debug_struct("Barrier");
        debug.field("parties", &self.parties).field("is_broken", &is_broken);
        debug.field("waiting", &waiting).finish_non_exhaustive()
    }
}
