//! Which process this is: the child of a fork is not the one that made the loop.
//!
//! It has a copy of the loop's memory, but shares the poller with its parent: the kernel's table of
//! descriptors is one for both. So a child leaves alone whatever its parent made. The C library
//! calls us in the child of every `fork`, which makes looking cost one load; a child made by a bare
//! system call is not noticed.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use libc::c_int;

/// How many forks lie between the first process and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// A process, to be compared with the present one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(u32);

impl Process {
    /// The present one.
    pub(crate) fn present() -> io::Result<Self> {
        static HOOK: OnceLock<c_int> = OnceLock::new();
        match *HOOK.get_or_init(install) {
            0 => Ok(Self(FORKS.load(Ordering::Relaxed))),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// Whether the present process came out of this one by a fork. Sound in a signal handler.
    #[inline]
    pub(crate) fn is_forked(self) -> bool {
        FORKS.load(Ordering::Relaxed) != self.0
    }
}

/// Nothing but an atomic: a child of a process with threads may do little more.
extern "C" fn note() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

fn install() -> c_int {
    // SAFETY: `note` has the signature that is asked for, lives as long as the program, and neither
    // locks nor allocates nor unwinds.
    #[expect(unsafe_code, reason = "no safe crate tells of a fork without a call for each look")]
    unsafe {
        libc::pthread_atfork(None, None, Some(note))
    }
}
