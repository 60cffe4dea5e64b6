//! Virtual time stands still while a child runs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};

use evergreen_loop::EventLoop;
use evergreen_loop::build::Direction;
use evergreen_loop::seam::{Freeze, TimeControl};

use crate::source::Source;

thread_local! {
    /// What the children of this thread's loop hold; only it may thaw them.
    static FROZEN: RefCell<BTreeMap<u64, Freeze>> = const { RefCell::new(BTreeMap::new()) };
}

/// Freezes the time of a loop, if it is virtual, until `exit` is readable or gone.
pub(super) fn until_readable(event_loop: &EventLoop, exit: &Source<OwnedFd>) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let Some(time) = TimeControl::of(event_loop) else { return };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    FROZEN.with_borrow_mut(|frozen| frozen.insert(number, time.freeze()));
    let thaw = Waker::from(Arc::new(Thaw(number)));
    let seen = exit.poll_ready(Direction::Read, &Context::from_waker(&thaw));
    if seen.is_ready() {
        thaw.wake();
    }
}

/// The loop wakes its wakers on its own thread.
struct Thaw(u64);

impl Wake for Thaw {
    fn wake(self: Arc<Self>) {
        let freeze = FROZEN.try_with(|frozen| frozen.borrow_mut().remove(&self.0));
        drop(freeze);
    }
}
