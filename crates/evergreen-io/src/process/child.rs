//! A child that was started.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{self, ExitStatus, Output};
use std::sync::Arc;

use evergreen_loop::build::Direction;
use evergreen_loop::{EventLoop, LoopRemote};
use evergreen_task::try_join;
use rustix::process::{Pid, Signal, kill_process};

use super::child_output::{ChildStderr, ChildStdout};
use super::child_stdin::ChildStdin;
use super::exit::Exit;
use super::frozen;
use super::reaper;
use super::watch::{Watch, Way};

/// A process that was started by [`Command::spawn`](super::Command::spawn).
///
/// It belongs to the loop of the thread that started it, and may be waited for and dropped on any
/// other. When it is dropped the process goes on, unless
/// [`kill_on_drop`](super::Command::kill_on_drop) says otherwise, and nothing is left of it when it
/// ends; if its loop has ended before, when the next child is started.
///
/// ```
/// use evergreen_io::process::Command;
///
/// evergreen_loop::block_on(async {
///     let mut child = Command::new("sleep").arg("3600").spawn()?;
///     assert_eq!(child.try_wait()?, None);
///     child.kill().await?;
///     assert!(!child.wait().await?.success());
///     # std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Child {
    /// Its standard input, if that is a pipe.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, if that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// Its standard error, if that is a pipe.
    pub stderr: Option<ChildStderr>,
    exit: Arc<Exit>,
    watch: Watch,
    remote: LoopRemote,
    kill_on_drop: bool,
}

impl Child {
    pub(super) fn new(
        event_loop: &EventLoop,
        child: process::Child,
        way: Way,
        kill_on_drop: bool,
    ) -> io::Result<Self> {
        let exit = Arc::new(Exit::of(Pid::from_child(&child)));
        Self::watched(event_loop, child, &exit, way, kill_on_drop).inspect_err(|_| {
            // Nobody would ever hear of it.
            exit.signal(|pid| kill_process(pid, Signal::KILL)).ok();
            reaper::adopt(&event_loop.remote(), Arc::clone(&exit));
        })
    }

    fn watched(
        event_loop: &EventLoop,
        mut child: process::Child,
        exit: &Arc<Exit>,
        way: Way,
        kill_on_drop: bool,
    ) -> io::Result<Self> {
        let watch = Watch::new(event_loop, exit, way)?;
        frozen::until_readable(event_loop, &watch.source);
        Ok(Self {
            stdin: child.stdin.take().map(ChildStdin::made).transpose()?,
            stdout: child.stdout.take().map(ChildStdout::made).transpose()?,
            stderr: child.stderr.take().map(ChildStderr::made).transpose()?,
            exit: Arc::clone(exit),
            watch,
            remote: event_loop.remote(),
            kill_on_drop,
        })
    }

    /// The number of the process, until its end is known; from then on it may be another's.
    pub fn id(&self) -> Option<u32> {
        let number = self.exit.pid().as_raw_nonzero().get();
        (!self.exit.is_known()).then_some(number.unsigned_abs())
    }

    /// Waits for the end of the process, having closed its standard input. After that it gives the
    /// same status at once, as often as it is called.
    ///
    /// A process that writes much to its pipes does not end while nobody reads them: see
    /// [`Child::wait_with_output`].
    ///
    /// # Errors
    ///
    /// If somebody else has waited for the process, as a `waitpid(-1)` in foreign code does, or
    /// SIGCHLD is ignored: then the status is lost. If the loop is destroyed.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost; the standard input is closed.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        self.ended().await
    }

    async fn ended(&self) -> io::Result<ExitStatus> {
        if let Some(status) = self.exit.try_wait()? {
            return Ok(status);
        }
        let wait = |_: &OwnedFd| self.exit.try_wait()?.ok_or(io::ErrorKind::WouldBlock.into());
        self.watch.source.io_when_ready(Direction::Read, wait).await
    }

    /// The status of the process if it has ended. The standard input stays open.
    ///
    /// # Errors
    ///
    /// As [`Child::wait`].
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.exit.try_wait()
    }

    /// Waits for the end of the process, and reads its output and its errors meanwhile, as far as
    /// they are pipes that are still here. Its standard input is closed.
    ///
    /// # Errors
    ///
    /// As [`Child::wait`], and what the system says of the pipes.
    ///
    /// # Kill safety
    ///
    /// What was read is lost, and the child dropped.
    pub async fn wait_with_output(self) -> io::Result<Output> {
        self.communicate(&[]).await
    }

    /// Writes `input` to the standard input of the process, if that is a pipe that is still here,
    /// and closes it; reads its output and its errors meanwhile; waits for its end. As the method of
    /// Python's processes, it does not mind a process that ends without having read all.
    ///
    /// # Errors
    ///
    /// As [`Child::wait_with_output`].
    ///
    /// # Kill safety
    ///
    /// As [`Child::wait_with_output`].
    pub async fn communicate(mut self, input: &[u8]) -> io::Result<Output> {
        let (stdin, stdout, stderr) = (self.stdin.take(), self.stdout.take(), self.stderr.take());
        let feed = async {
            match stdin {
                Some(stdin) => stdin.feed(input).await,
                None => Ok(()),
            }
        };
        let read_out = async {
            match stdout {
                Some(stdout) => stdout.read_all().await,
                None => Ok(Vec::new()),
            }
        };
        let read_err = async {
            match stderr {
                Some(stderr) => stderr.read_all().await,
                None => Ok(Vec::new()),
            }
        };
        let ((), stdout, stderr, status) = try_join!(feed, read_out, read_err, self.ended())?;
        Ok(Output { status, stdout, stderr })
    }

    /// Sends SIGKILL to the process, and does not wait for its end. If that is known, does nothing.
    ///
    /// # Errors
    ///
    /// What the system says: if the process runs as another user.
    pub fn start_kill(&mut self) -> io::Result<()> {
        self.send(Signal::KILL)
    }

    /// Kills the process and waits for its end. If that is known, does nothing.
    ///
    /// # Errors
    ///
    /// As [`Child::start_kill`] and [`Child::wait`].
    ///
    /// # Kill safety
    ///
    /// The signal has been sent.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await?;
        Ok(())
    }

    /// Sends a signal to the process, by the signal's number. If the end of the process is known,
    /// does nothing.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if there is no such signal, and what the system says.
    pub fn send_signal(&mut self, signum: i32) -> io::Result<()> {
        let signal = Signal::from_named_raw(signum).ok_or_else(|| {
            let message = format!("{signum} is not the number of a signal with a name");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        self.send(signal)
    }

    fn send(&self, signal: Signal) -> io::Result<()> {
        self.exit.signal(|pid| self.watch.signal(pid, signal))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !matches!(self.exit.try_wait(), Ok(None)) {
            return;
        }
        if self.kill_on_drop {
            // One that runs as somebody else goes on.
            self.send(Signal::KILL).ok();
        }
        if !self.watch.is_looked_after() {
            reaper::adopt(&self.remote, Arc::clone(&self.exit));
        }
    }
}
