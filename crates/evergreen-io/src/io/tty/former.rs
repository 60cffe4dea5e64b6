//! The settings that terminals had before they were raw, where a signal handler finds them.
//!
//! It may neither wait for a lock nor see memory that somebody else frees. So they stand in a list
//! that only grows, by one for each settings that are unlike all before. An entry names its
//! terminal while that is raw.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;

use evergreen_loop::build::before_end;
use rustix::process::{getpgrp, getpid, getsid};
use rustix::termios::{OptionalActions, Termios, tcgetpgrp, tcgetsid, tcsetattr};

const NONE: RawFd = -1;

static FIRST: OnceLock<Box<Former>> = OnceLock::new();

/// How many look at descriptors of the list, which are not to be closed meanwhile.
static LOOKING: AtomicUsize = AtomicUsize::new(0);

pub(super) struct Former {
    settings: Termios,
    /// The terminal while it is raw.
    fd: AtomicI32,
    /// Who made it raw. A child that is forked leaves it alone.
    process: AtomicI32,
    next: OnceLock<Box<Self>>,
}

/// Gives every terminal that is in raw mode the settings back that it had before.
///
/// That is done in any case when the process ends: by [`exit`](std::process::exit), at the end of
/// `main`, or by a signal that ends it unless somebody handles it: SIGHUP, SIGINT, SIGQUIT, SIGTERM.
/// The default of a signal does not end process 1, such as a container's program: that one exits,
/// with the status 128 and the number of the signal.
///
/// It cannot be done after SIGKILL, after `abort`, and so not after a panic that aborts; a panic hook
/// may call this:
///
/// ```
/// let print = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |panic| {
///     evergreen_io::io::reset_mode();
///     print(panic);
/// }));
/// ```
///
/// It is async-signal-safe: handlers of signals may call it. The streams do not hear of it; for each
/// that is to be raw again, call [`set_raw_mode`](super::TtyStream::set_raw_mode) again. A terminal
/// that runs another job in its foreground is left to that. As libuv's `uv_tty_reset_mode`.
pub fn reset_mode() {
    let mut next = &FIRST;
    while let Some(former) = next.get() {
        former.reset();
        next = &former.next;
    }
}

impl Former {
    /// Has the settings given back when the process ends, until they are
    /// [given back](Self::give_back). There must be one at a time who calls it.
    pub(super) fn keep(settings: Termios, fd: &OwnedFd) -> io::Result<&'static Self> {
        // SAFETY: it reads and writes atomics and makes system calls. POSIX names them as safe, but
        // `getsid` and `tcgetsid`: those ask the kernel, and neither lock nor allocate.
        #[expect(unsafe_code, reason = "it is called in signal handlers")]
        unsafe { before_end(reset_mode) }?;
        let mut place = &FIRST;
        while let Some(former) = place.get().filter(|former| !former.is_free_for(&settings)) {
            place = &former.next;
        }
        let former = place.get_or_init(|| Box::new(Self::new(settings)));
        former.process.store(this_process(), Ordering::SeqCst);
        former.fd.store(fd.as_raw_fd(), Ordering::SeqCst);
        Ok(former)
    }

    const fn new(settings: Termios) -> Self {
        let (fd, process) = (AtomicI32::new(NONE), AtomicI32::new(0));
        Self { settings, fd, process, next: OnceLock::new() }
    }

    fn is_free_for(&self, settings: &Termios) -> bool {
        // It shows all that there is, and cannot be compared.
        let same = || format!("{settings:?}") == format!("{:?}", self.settings);
        self.fd.load(Ordering::SeqCst) == NONE && same()
    }

    pub(super) const fn settings(&self) -> &Termios {
        &self.settings
    }

    /// Gives the settings back. Then the descriptor may be closed.
    pub(super) fn give_back(&self) {
        self.reset();
        self.fd.store(NONE, Ordering::SeqCst);
        // A handler on this thread is through, one on another will be soon. Not so the copy of one in
        // a child.
        while self.is_of_this_process() && LOOKING.load(Ordering::SeqCst) != 0 {
            thread::yield_now();
        }
    }

    fn reset(&self) {
        LOOKING.fetch_add(1, Ordering::SeqCst);
        let fd = self.fd.load(Ordering::SeqCst);
        if fd != NONE && self.is_of_this_process() {
            // SAFETY: who closes it takes it out of here before, and waits until nobody looks.
            #[expect(unsafe_code, reason = "a signal handler can own no descriptor")]
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            if !is_in_background(fd) {
                // A terminal that is gone has no settings.
                tcsetattr(fd, OptionalActions::Now, &self.settings).ok();
            }
        }
        LOOKING.fetch_sub(1, Ordering::SeqCst);
    }

    fn is_of_this_process(&self) -> bool {
        self.process.load(Ordering::SeqCst) == this_process()
    }
}

fn this_process() -> i32 {
    getpid().as_raw_nonzero().get()
}

/// Whether the terminal is another job's. The system would stop this process for changing it.
fn is_in_background(fd: BorrowedFd<'_>) -> bool {
    let is_of_this_session = tcgetsid(fd).is_ok_and(|session| getsid(None) == Ok(session));
    is_of_this_session && tcgetpgrp(fd).is_ok_and(|group| group != getpgrp())
}
