//! A flag that tasks wait for.

use std::cell::{Cell, RefCell};
use std::fmt;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// A flag that is set and cleared, and that any number of tasks wait for.
///
/// ```
/// use evergreen_sync::Event;
/// use evergreen_task::spawn;
/// use std::rc::Rc;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let open = Rc::new(Event::new());
/// let waits = Rc::clone(&open);
/// let guest = spawn(async move { waits.wait().await });
/// open.set();
/// assert!(guest.await.expect("neither killed nor panicked"));
/// assert!(!Event::new().wait_timeout(0.001).await);
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of Python evergreen's `Event`. Other threads set it by
/// [`call_from_thread`](evergreen_loop::LoopRemote::call_from_thread).
#[derive(Default)]
pub struct Event {
    is_set: Cell<bool>,
    waiters: RefCell<WaitList<()>>,
}

impl Event {
    /// An event that is not set.
    pub const fn new() -> Self {
        Self { is_set: Cell::new(false), waiters: RefCell::new(WaitList::new()) }
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    /// Sets it, and wakes all who wait, in the order of their coming. It does not suspend. Whoever
    /// waits at this moment is served, also if the event is cleared before that one's turn.
    pub fn set(&self) {
        self.is_set.set(true);
        // A waker may be anything; whoever comes by it waits for the next time.
        for _ in 0..self.waiting() {
            self.grant(()).ok();
        }
    }

    /// Clears it.
    pub fn clear(&self) {
        self.is_set.set(false);
    }

    /// Waits until it is set; always true. If it is set there is no trip through the loop.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn wait(&self) -> bool {
        if !self.is_set() {
            Wait::new(self, ()).await;
        }
        true
    }

    /// Waits with a limit; false if it is over first. Zero is over after one trip through the queue,
    /// a negative limit never.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn wait_timeout(&self, limit: impl Into<Delay>) -> bool {
        Timeout::after(limit).run(self.wait()).await.is_ok()
    }
}

impl Grants for Event {
    type Grant = ();
    type Offer = ();

    fn waiters(&self) -> &RefCell<WaitList<()>> {
        &self.waiters
    }

    /// All who waited with the one that is gone were served, too.
    fn pass_on(&self, (): ()) {}
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_set, waiting) = (self.is_set(), self.waiting());
        f.debug_struct("Event").field("is_set", &is_set).field("waiting", &waiting).finish()
    }
}
