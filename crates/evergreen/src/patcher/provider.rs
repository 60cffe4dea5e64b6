//! Who does what a function of a patched module stands for.

use std::cell::Cell;

use super::Module;

/// Who does the work of [`lib::net`](crate::lib::net) and [`lib::thread`](crate::lib::thread).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The standard library. The thread waits.
    Blocking,
    /// Evergreen. The task waits.
    Cooperative,
}

thread_local! {
    static CHOSEN: Cell<Option<Provider>> = const { Cell::new(None) };
}

/// Calls `f`, and has this thread's calls of those modules in it use a provider, whatever is patched.
/// What counts is when a function is called, not when its future is awaited.
///
/// ```
/// use evergreen::lib::thread::sleep;
/// use evergreen::patcher::{Provider, with_provider};
/// use std::time::Duration;
///
/// let nap = with_provider(Provider::Cooperative, || sleep(Duration::from_millis(1)));
/// evergreen::block_on(nap);
/// ```
pub fn with_provider<R>(provider: Provider, f: impl FnOnce() -> R) -> R {
    let _former = Former(CHOSEN.replace(Some(provider)));
    f()
}

/// Comes back also if there is a panic.
struct Former(Option<Provider>);

impl Drop for Former {
    fn drop(&mut self) {
        CHOSEN.set(self.0);
    }
}

/// Who does it for a call that is made now.
pub(crate) fn choose(module: Module) -> Provider {
    CHOSEN.get().unwrap_or(match module.is_patched() {
        true => Provider::Cooperative,
        false => Provider::Blocking,
    })
}
