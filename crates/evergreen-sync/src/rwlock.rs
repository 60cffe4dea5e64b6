//! A value for many readers or one writer.

mod guards;
mod turns;

use std::cell::RefCell;
use std::fmt;

pub use guards::{RwLockReadGuard, RwLockWriteGuard};
use turns::{Access, Turns};

use crate::wait::Grants;

/// A value that many tasks read or one writes, across their `await`s too.
///
/// All are served in the order of coming: a reader that comes after a writer waits for it, so that
/// no stream of readers keeps a writer out. So whoever reads, and reads again before it has ended
/// the first, waits for itself if a writer came in between.
///
/// ```
/// use evergreen_sync::RwLock;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let settings = RwLock::new(1);
/// let readers = (settings.read().await, settings.read().await);
/// assert!(settings.try_write().is_none());
/// drop(readers);
/// *settings.write().await += 1;
/// assert_eq!(*settings.read().await, 2);
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of tokio's `RwLock`, without atomics. It is never poisoned.
pub struct RwLock<T: ?Sized> {
    turns: Turns,
    value: RefCell<T>,
}

impl<T> RwLock<T> {
    /// A lock that nobody has.
    pub const fn new(value: T) -> Self {
        Self { turns: Turns::new(), value: RefCell::new(value) }
    }

    /// The value, for good.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until it may read.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits has nothing; a turn that it was granted goes on, and those
    /// who waited behind it alone are served.
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        RwLockReadGuard::new(self, self.turns.wait(Access::Read).await)
    }

    /// Waits until it may write.
    ///
    /// # Kill safety
    ///
    /// As [`read`](Self::read).
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        RwLockWriteGuard::new(self, self.turns.wait(Access::Write).await)
    }

    /// To read, if nobody writes and nobody waits.
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.turns.try_now(Access::Read).map(|turn| RwLockReadGuard::new(self, turn))
    }

    /// To write, if nobody reads or writes and nobody waits.
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.turns.try_now(Access::Write).map(|turn| RwLockWriteGuard::new(self, turn))
    }

    /// The value, of a lock that nobody else can reach.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RwLock");
        match self.value.try_borrow() {
            Ok(value) => debug.field("value", &&*value),
            Err(_) => debug.field("value", &format_args!("<locked>")),
        };
        debug.field("waiting", &self.turns.waiting()).finish()
    }
}
