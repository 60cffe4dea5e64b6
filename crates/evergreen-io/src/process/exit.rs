//! How a child ended, asked for at most once.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, WaitOptions, waitpid};

/// The end of one child. While it is not known the number is the child's own, for the system gives it
/// to nobody else before somebody has waited: whoever else in the process waits for all children, or
/// ignores SIGCHLD, takes that away.
#[derive(Debug)]
pub(super) struct Exit {
    pid: Pid,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Running,
    Ended(ExitStatus),
    /// Somebody else has waited for it.
    Lost,
}

impl Exit {
    pub(super) const fn of(pid: Pid) -> Self {
        Self { pid, state: Mutex::new(State::Running) }
    }

    pub(super) const fn pid(&self) -> Pid {
        self.pid
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_known(&self) -> bool {
        !matches!(*self.state(), State::Running)
    }

    /// Looks whether the child has ended, without waiting.
    pub(super) fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        let mut state = self.state();
        if let State::Running = *state {
            *state = look(self.pid)?;
        }
        match *state {
            State::Running => Ok(None),
            State::Ended(status) => Ok(Some(status)),
            State::Lost => Err(lost(self.pid)),
        }
    }

    /// Has `signal` sent, if the child may still be there to take it.
    pub(super) fn signal(&self, signal: impl FnOnce(Pid) -> Result<(), Errno>) -> io::Result<()> {
        let state = self.state();
        match *state {
            State::Running => Ok(signal(self.pid)?),
            State::Ended(_) => Ok(()),
            State::Lost => Err(lost(self.pid)),
        }
    }
}

fn look(pid: Pid) -> io::Result<State> {
    match retry_on_intr(|| waitpid(Some(pid), WaitOptions::NOHANG)) {
        Ok(None) => Ok(State::Running),
        Ok(Some((_, status))) => Ok(State::Ended(ExitStatus::from_raw(status.as_raw()))),
        Err(Errno::CHILD) => Ok(State::Lost),
        Err(error) => Err(error.into()),
    }
}

fn lost(pid: Pid) -> io::Error {
    io::Error::other(format!(
        "the exit status of process {} is lost: somebody else has waited for it, or SIGCHLD is ignored",
        pid.as_raw_nonzero()
    ))
}
