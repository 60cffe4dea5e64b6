//! Programs that a test waits for, but not for ever.

use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Whoever waits for longer waits for what will not come.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A child that is killed if it has not ended in time, or if nobody waits for it.
pub(crate) struct Watched {
    pub(crate) child: Child,
    watchdog: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Watched {
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command.spawn().expect("this program can be run");
        let (alive, ended) = channel();
        let pid = Pid::from_child(&child);
        let watchdog = thread::spawn(move || {
            if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                kill_process(pid, Signal::KILL).ok();
            }
        });
        Self { child, watchdog: Some((alive, watchdog)) }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for its end: that of the watchdog, if there is none else.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        // Its number stays its own, as long as somebody may kill it.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), ended).expect("a child");
        if let Some((alive, watchdog)) = self.watchdog.take() {
            drop(alive);
            watchdog.join().expect("no panic");
        }
        self.child.wait().expect("a child")
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.watchdog.is_some() {
            self.child.kill().ok();
            self.ends();
        }
    }
}
