//! What has to be done before the process ends, be it by `exit` or by a signal that ends it.
//!
//! What such a signal does by default is done without a word to the process. So the default is
//! replaced by a handler that does what is to be done, puts the default back, and sends the signal
//! again. Whoever handles a signal, or ignores it, goes before: the default is all that is replaced,
//! also where it waits behind a loop's handlers to be restored.
//!
//! No default ends the first process of a system or of a container. That one exits instead, with the
//! status that a shell tells of a signal.

use std::io;
use std::ptr::fn_addr_eq;
use std::sync::OnceLock;

use libc::{SIG_DFL, SIGHUP, SIGINT, SIGQUIT, SIGTERM, c_int, sighandler_t};
use rustix::process::{Pid, Signal, getpid, kill_process};

use super::disposition::{exchange, replace_default};

/// By which a process is asked to end.
const ENDING: [c_int; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// As many as there may be, filled from the front. A handler may read them, for nothing moves.
static BEFORE_END: [OnceLock<fn()>; 4] = [const { OnceLock::new() }; 4];

/// Has `f` called before the process ends: by `exit` or the end of `main`, or by SIGHUP, SIGINT,
/// SIGQUIT or SIGTERM, where nobody handles or ignores that. Asked again, it looks at the signals
/// again.
///
/// They are called in the order in which they came, each once.
///
/// # Errors
///
/// [`OutOfMemory`](io::ErrorKind::OutOfMemory) if the process has four others; if the system refuses.
///
/// # Safety
///
/// `f` is called in signal handlers, on any thread, and perhaps twice at a time: it must be
/// async-signal-safe.
#[expect(unsafe_code, reason = "a promise about signal safety is asked for")]
pub unsafe fn before_end(f: fn()) -> io::Result<()> {
    static AT_EXIT: OnceLock<c_int> = OnceLock::new();
    if !is_taken(f) || *AT_EXIT.get_or_init(install_at_exit) != 0 {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    ENDING.into_iter().try_for_each(|signum| replace_default(signum, ours()))
}

/// Finds it, or a place for it.
fn is_taken(f: fn()) -> bool {
    BEFORE_END.iter().any(|place| fn_addr_eq(*place.get_or_init(|| f), f))
}

fn install_at_exit() -> c_int {
    // SAFETY: `prepare` has the signature that is asked for, lives as long as the program, and does
    // not unwind.
    #[expect(unsafe_code, reason = "the standard library has nothing for the end of a process")]
    unsafe {
        libc::atexit(prepare)
    }
}

extern "C" fn prepare() {
    BEFORE_END.iter().map_while(OnceLock::get).for_each(|f| f());
}

fn ours() -> sighandler_t {
    end as extern "C" fn(c_int) as sighandler_t
}

/// The handler.
extern "C" fn end(signum: c_int) {
    let (Ok(mut action), Some(signal)) = (exchange(signum, None), Signal::from_named_raw(signum))
    else {
        return;
    };
    // Somebody handles the signal, and calls on the way whom they found.
    if ![ours(), SIG_DFL].contains(&action.sa_sigaction) {
        return;
    }
    prepare();
    if getpid() == Pid::INIT {
        exit_at_once(128 + signum);
    }
    action.sa_sigaction = SIG_DFL;
    // The signal is held back on this thread until the handler returns. The calls cannot fail.
    exchange(signum, Some(&action)).ok();
    kill_process(getpid(), signal).ok();
}

fn exit_at_once(status: c_int) -> ! {
    // SAFETY: it makes one system call, and may be called in signal handlers.
    #[expect(unsafe_code, reason = "the standard library's `exit` may not be called in handlers")]
    unsafe {
        libc::_exit(status)
    }
}
