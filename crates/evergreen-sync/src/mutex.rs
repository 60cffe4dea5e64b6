//! A value for one task at a time.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::locks::{Semaphore, SemaphoreGuard};
use crate::wait::Grants;

/// A value that one task at a time has, across its `await`s too.
///
/// Without an `await` between taking and giving back, a [`RefCell`] is enough.
///
/// ```
/// use evergreen_sync::Mutex;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let log = Mutex::new(Vec::new());
/// let mut lines = log.lock().await;
/// lines.push("first");
/// assert!(log.try_lock().is_none());
/// drop(lines);
/// assert_eq!(log.into_inner(), ["first"]);
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of tokio's `Mutex`, without atomics. It is never poisoned.
pub struct Mutex<T: ?Sized> {
    turn: Semaphore,
    value: RefCell<T>,
}

impl<T> Mutex<T> {
    /// A mutex that nobody has.
    pub const fn new(value: T) -> Self {
        Self { turn: Semaphore::with_slots(1), value: RefCell::new(value) }
    }

    /// The value, for good.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for its turn, in the order of coming.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits has nothing; a turn that it was granted goes to the next.
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        self.guard(self.turn.lock().await)
    }

    /// The value, if nobody has it and it is owed to nobody.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.turn.try_lock().map(|turn| self.guard(turn))
    }

    /// The value, of a mutex that nobody else can reach.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Whoever has the turn is alone.
    fn guard<'a>(&'a self, turn: SemaphoreGuard<'a>) -> MutexGuard<'a, T> {
        MutexGuard { value: self.value.borrow_mut(), _turn: turn }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Mutex");
        match self.value.try_borrow() {
            Ok(value) => debug.field("value", &&*value),
            Err(_) => debug.field("value", &format_args!("<locked>")),
        };
        debug.field("waiting", &self.turn.waiting()).finish()
    }
}

/// The value of a [`Mutex`]. Its turn is over when this is dropped.
#[must_use = "the turn is over when it is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    // In this order: the next may have the value as soon as it is its turn.
    value: RefMut<'a, T>,
    _turn: SemaphoreGuard<'a>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
