//! The ways in which a loop may come to hold a callback, for tests that try them all.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use evergreen_loop::{ErrorOrigin, EventLoop, Handler, RemoteHandler, Watcher};

use super::{deliver, readable_pair, turn};

/// What may hold a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Soon,
    Later,
    At,
    Remote,
    Reader,
    Writer,
    Signal,
    Prepare,
    Check,
    Idle,
}

use Kind::{At, Check, Idle, Later, Prepare, Reader, Remote, Signal, Soon, Writer};

pub(crate) const KINDS: [Kind; 10] =
    [Soon, Later, At, Remote, Reader, Writer, Signal, Prepare, Check, Idle];

impl Kind {
    /// What reports say of it.
    pub(crate) const fn origin(self) -> ErrorOrigin {
        match self {
            Soon | Later | At | Remote => ErrorOrigin::Callback,
            Reader | Writer => ErrorOrigin::DescriptorWatcher,
            Signal => ErrorOrigin::SignalHandler,
            Prepare | Check | Idle => ErrorOrigin::Watcher,
        }
    }

    /// Whether it is called again and again.
    pub(crate) const fn repeats(self) -> bool {
        !matches!(self, Soon | Later | At | Remote)
    }

    /// Has the loop hold `f`.
    #[track_caller]
    pub(crate) fn hold(self, event_loop: &EventLoop, f: impl FnMut() + Send + 'static) -> Kept {
        let mut kept = Kept::default();
        let due = Duration::from_nanos(1);
        match self {
            Soon => kept.handler = Some(event_loop.call_soon(f)),
            Later => kept.handler = Some(event_loop.call_later(due, f)),
            At => kept.handler = Some(event_loop.call_at(event_loop.time() + due, f)),
            Remote => kept.remote = event_loop.remote().call_from_thread(f).ok(),
            Signal => kept.handler = event_loop.add_signal_handler(signal(), f).ok(),
            Prepare => kept.watcher = Some(event_loop.prepare(f)),
            Check => kept.watcher = Some(event_loop.check(f)),
            Idle => kept.watcher = Some(event_loop.idle(f)),
            Reader | Writer => {
                let streams = readable_pair();
                let fd = streams.0.as_raw_fd();
                kept.handler = match self {
                    Reader => event_loop.add_reader(fd, f).ok(),
                    _ => event_loop.add_writer(fd, f).ok(),
                };
                kept.streams = Some(streams);
            },
        }
        kept
    }

    /// One turn, in which all that is held is called.
    pub(crate) fn call(self, event_loop: &EventLoop) {
        if self == Signal {
            deliver(event_loop, signal());
        }
        let is_early = |due| due > event_loop.time();
        while matches!(self, Later | At) && event_loop.next_deadline().is_some_and(is_early) {
            thread::yield_now();
        }
        turn(event_loop);
    }
}

/// Signals for those who handle any: the tests of a process share them.
const SIGNALS: [i32; 16] = [
    libc::SIGWINCH,
    libc::SIGURG,
    libc::SIGIO,
    libc::SIGPROF,
    libc::SIGVTALRM,
    libc::SIGALRM,
    libc::SIGUSR1,
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGXCPU,
    libc::SIGXFSZ,
];

/// The signal of this thread's test, which no other test sends.
pub(crate) fn signal() -> i32 {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OURS: i32 = SIGNALS[TAKEN.fetch_add(1, Ordering::Relaxed)];
    }
    OURS.with(|ours| *ours)
}

/// Keeps a callback where it is, or takes it back.
#[derive(Default)]
pub(crate) struct Kept {
    handler: Option<Handler>,
    remote: Option<RemoteHandler>,
    watcher: Option<Watcher>,
    streams: Option<(UnixStream, UnixStream)>,
}

impl Kept {
    pub(crate) fn take_back(self) {
        drop(self.watcher);
        self.handler.into_iter().for_each(|handler| handler.cancel());
        self.remote.into_iter().for_each(|remote| remote.cancel());
        drop(self.streams);
    }
}
