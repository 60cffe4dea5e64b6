//! What keeps the loop running (D-5).

use std::fmt;
use std::rc::{Rc, Weak};

use crate::core::Core;

/// Keeps the loop alive for as long as it exists.
///
/// For somebody who waits for what the loop cannot see, such as a thread that will call back. So
/// virtual time does not move by itself either.
///
/// ```
/// # use evergreen_loop::EventLoop;
/// let event_loop = EventLoop::new()?;
/// let remote = event_loop.remote();
/// let keep_alive = event_loop.keep_alive();
/// std::thread::spawn(move || remote.stop());
/// assert!(event_loop.run()?.stopped);
/// drop(keep_alive);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the loop is kept alive until this is dropped"]
pub struct KeepAlive(Weak<Core>);

impl KeepAlive {
    pub(crate) fn new(core: &Rc<Core>) -> Self {
        core.hold();
        core.freeze();
        Self(Rc::downgrade(core))
    }
}

impl Drop for KeepAlive {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            core.release();
            core.thaw();
        }
    }
}

impl fmt::Debug for KeepAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepAlive").finish_non_exhaustive()
    }
}
