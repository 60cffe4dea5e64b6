//! What the process does on a signal, saved before the first handler and restored after the last.
//!
//! `signal-hook-registry` installs its action once for each signal and never takes it back. So the
//! action that stood before and the registry's own are kept here. When the last subscription of
//! the process ends, the former one is restored, unless somebody has installed yet another
//! meanwhile; when a new one begins, the registry's is put back.
//!
//! Others who use the registry for the same signal stop hearing of it between the two.

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libc::{SIG_DFL, c_int, sigaction, sighandler_t};
use signal_hook_registry::SigId;

/// Delivers one signal to one loop until it is dropped.
pub(super) struct Subscription {
    signum: c_int,
    id: SigId,
}

/// The state of one signal in this process.
struct Disposition {
    subscriptions: usize,
    former: sigaction,
    registry: sigaction,
}

static DISPOSITIONS: Mutex<BTreeMap<c_int, Disposition>> = Mutex::new(BTreeMap::new());

fn dispositions() -> MutexGuard<'static, BTreeMap<c_int, Disposition>> {
    DISPOSITIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Subscription {
    /// Calls `deliver` in the signal handler: it must be async-signal-safe, which is this crate's
    /// own matter, atomics and one `write`.
    pub(super) fn new(
        signum: c_int,
        deliver: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut dispositions = dispositions();
        let former = exchange(signum, None)?;
        // SAFETY: `deliver` notes the signal in atomics and writes to an eventfd; it neither
        // allocates nor locks nor panics.
        #[expect(unsafe_code, reason = "the registry wants a promise about signal safety")]
        let id = unsafe { signal_hook_registry::register(signum, deliver) }?;
        match dispositions.get_mut(&signum) {
            Some(known) => known.resume(signum, former)?,
            None => {
                let registry = exchange(signum, None)?;
                let disposition = Disposition { subscriptions: 1, former, registry };
                dispositions.insert(signum, disposition);
            },
        }
        Ok(Self { signum, id })
    }
}

impl Disposition {
    /// Puts the registry's action in place, if it is not there.
    fn resume(&mut self, signum: c_int, present: sigaction) -> io::Result<()> {
        if !self.is_in_place(&present) {
            exchange(signum, Some(&self.registry))?;
            self.former = present;
        }
        self.subscriptions += 1;
        Ok(())
    }

    fn is_in_place(&self, present: &sigaction) -> bool {
        present.sa_sigaction == self.registry.sa_sigaction
    }

    fn end(&mut self, signum: c_int) -> io::Result<()> {
        self.subscriptions -= 1;
        let present = exchange(signum, None)?;
        if self.subscriptions == 0 && self.is_in_place(&present) {
            exchange(signum, Some(&self.former))?;
        }
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut dispositions = dispositions();
        if let Some(disposition) = dispositions.get_mut(&self.signum) {
            // The signal was accepted when the subscription began, so the calls cannot fail.
            disposition.end(self.signum).ok();
        }
        signal_hook_registry::unregister(self.id);
    }
}

/// Has a handler in place of the default, if that is what the signal does: now, or once the loops have
/// removed their handlers.
pub(super) fn replace_default(signum: c_int, handler: sighandler_t) -> io::Result<()> {
    let mut dispositions = dispositions();
    let mut present = exchange(signum, None)?;
    match dispositions.get_mut(&signum) {
        Some(known) if known.is_in_place(&present) && known.former.sa_sigaction == SIG_DFL => {
            known.former.sa_sigaction = handler;
        },
        _ if present.sa_sigaction == SIG_DFL => {
            present.sa_sigaction = handler;
            exchange(signum, Some(&present))?;
        },
        _ => {},
    }
    Ok(())
}

/// Gives the action of a signal, and installs another if there is one. Sound in a signal handler.
pub(super) fn exchange(signum: c_int, new: Option<&sigaction>) -> io::Result<sigaction> {
    let new = new.map_or(ptr::null(), ptr::from_ref);
    let mut old = MaybeUninit::<sigaction>::zeroed();
    // SAFETY: `new` is null or points to an action that the system gave us; `old` may be written.
    #[expect(unsafe_code, reason = "no safe crate reads a signal's action without changing it")]
    let result = unsafe { sigaction(signum, new, old.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded and filled it in.
    #[expect(unsafe_code, reason = "as above")]
    Ok(unsafe { old.assume_init() })
}
