//! The loop's errors, the ways to end it from inside, and what its exception handler is told.

use std::any::Any;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::panic::Location;

use crate::deadlock::LoopExit;

/// Why the loop refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoopError {
    /// This thread has a loop already.
    AlreadyExists,
    /// This thread has no loop, and is not the main thread, where one is made by itself.
    NoLoop,
    /// The loop is running.
    AlreadyRunning,
    /// The loop is not running, and has not run to its end.
    NotStarted,
    /// The loop has run to its end and cannot be started again.
    Ended,
    /// The loop is destroyed.
    Closed,
    /// The loop was made before a fork, and this is the child: the loop is its parent's.
    Forked,
    /// The loop belongs to another thread.
    WrongThread,
    /// The call would run the loop from inside one of its own tasks or callbacks.
    InsideLoop,
    /// The descriptor is watched already: for this direction, or as a source of its own.
    Busy(RawFd),
    /// The descriptor is not open.
    BadDescriptor(RawFd),
    /// The poller cannot watch this kind of descriptor, such as a regular file.
    NotPollable(RawFd),
    /// There is no signal of this number.
    InvalidSignal(i32),
    /// The system, or the process itself, does not let anybody handle this signal.
    UncatchableSignal(i32),
    /// A system call failed.
    Os(io::Error),
}

impl LoopError {
    /// The error of watching `fd`, by what the system said.
    pub(crate) fn watching(fd: RawFd, error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EBADF) => Self::BadDescriptor(fd),
            Some(libc::EPERM) => Self::NotPollable(fd),
            Some(libc::EEXIST) => Self::Busy(fd),
            _ if error.kind() == io::ErrorKind::AlreadyExists => Self::Busy(fd),
            _ => error.into(),
        }
    }
}

impl fmt::Display for LoopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyExists => f.write_str("this thread has an event loop: destroy it first"),
            Self::NoLoop => f.write_str(
                "no event loop on this thread: make one with EventLoop::new(), or call block_on",
            ),
            Self::AlreadyRunning => f.write_str("the event loop is running"),
            Self::NotStarted => f.write_str("the event loop is not running"),
            Self::Ended => {
                f.write_str("the event loop has ended and cannot be started again: make a new one")
            },
            Self::Closed => f.write_str("the event loop is destroyed"),
            Self::Forked => f.write_str(
                "the event loop was made before a fork and is the parent's: make a new one in the child",
            ),
            Self::WrongThread => f.write_str("the event loop belongs to another thread"),
            Self::InsideLoop => f.write_str(
                "this is inside the running event loop: await the future, or spawn a task",
            ),
            Self::Busy(fd) => write!(f, "descriptor {fd} is watched already"),
            Self::BadDescriptor(fd) => write!(f, "descriptor {fd} is not open"),
            Self::NotPollable(fd) => {
                write!(f, "descriptor {fd} cannot be watched: use run_blocking for regular files")
            },
            Self::InvalidSignal(signum) => write!(f, "there is no signal {signum}"),
            Self::UncatchableSignal(signum) => write!(f, "signal {signum} cannot be handled"),
            Self::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoopError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Os(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for LoopError {
    /// An error of the loop that went through an [`io::Error`] comes out as it was.
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::Os)
    }
}

impl From<LoopError> for io::Error {
    fn from(error: LoopError) -> Self {
        match error {
            LoopError::Os(error) => error,
            other => Self::other(other),
        }
    }
}

/// Why a run of the loop ended other than by itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The loop could not run.
    Loop(LoopError),
    /// A task or callback ended the loop with [`EventLoop::stop_with`](crate::EventLoop::stop_with).
    System(SystemStop),
    /// The loop was stopped before the future that it ran for was done.
    Stopped,
    /// Nothing was left that could wake the future of a
    /// [`try_block_on`](crate::EventLoop::try_block_on).
    Exit(LoopExit),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loop(error) => error.fmt(f),
            Self::System(stop) => stop.fmt(f),
            Self::Stopped => f.write_str("the event loop was stopped before the future was done"),
            Self::Exit(exit) => exit.fmt(f),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Loop(error) => Some(error),
            Self::System(stop) => Some(stop),
            Self::Exit(exit) => Some(exit),
            Self::Stopped => None,
        }
    }
}

impl From<LoopError> for RunError {
    fn from(error: LoopError) -> Self {
        Self::Loop(error)
    }
}

impl From<LoopExit> for RunError {
    fn from(exit: LoopExit) -> Self {
        Self::Exit(exit)
    }
}

/// A request to end the program, made from inside the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemStop {
    /// See [`SystemExit`].
    Exit(SystemExit),
    /// See [`KeyboardInterrupt`].
    KeyboardInterrupt(KeyboardInterrupt),
    /// See [`SystemError`].
    Error(SystemError),
}

impl SystemStop {
    /// The exit code that a program ended in this way should have.
    pub const fn exit_code(&self) -> i32 {
        match self {
            Self::Exit(exit) => exit.code,
            Self::KeyboardInterrupt(_) => 128 + libc::SIGINT,
            Self::Error(_) => 1,
        }
    }
}

impl fmt::Display for SystemStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(exit) => exit.fmt(f),
            Self::KeyboardInterrupt(interrupt) => interrupt.fmt(f),
            Self::Error(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SystemStop {}

/// The program wants to exit. Ends the loop without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemExit {
    code: i32,
}

impl SystemExit {
    /// Exit with this code.
    pub const fn new(code: i32) -> Self {
        Self { code }
    }

    /// The exit code.
    pub const fn code(self) -> i32 {
        self.code
    }
}

impl fmt::Display for SystemExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit with code {}", self.code)
    }
}

impl From<SystemExit> for SystemStop {
    fn from(exit: SystemExit) -> Self {
        Self::Exit(exit)
    }
}

/// The user pressed ctrl-c. Ends the loop and is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyboardInterrupt;

impl fmt::Display for KeyboardInterrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted from the keyboard")
    }
}

impl From<KeyboardInterrupt> for SystemStop {
    fn from(interrupt: KeyboardInterrupt) -> Self {
        Self::KeyboardInterrupt(interrupt)
    }
}

/// Something is so wrong that the program must end. Ends the loop and is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemError {
    message: String,
}

impl SystemError {
    /// An error that says what is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<SystemError> for SystemStop {
    fn from(error: SystemError) -> Self {
        Self::Error(error)
    }
}

/// Whose error is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorOrigin {
    /// A callback of `call_soon`, `call_later`, `call_at` or `call_from_thread`.
    Callback,
    /// A callback of `add_reader` or `add_writer`.
    DescriptorWatcher,
    /// A callback of `add_signal_handler`.
    SignalHandler,
    /// A prepare, check or idle watcher.
    Watcher,
    /// A task.
    Task,
    /// A listener that cannot accept for a while.
    Listener,
    /// A stream that could not send what was written.
    Stream,
    /// The future that `block_on` waits for.
    Main,
    /// A waker that panicked when it was woken.
    Waker,
    /// The exception handler itself.
    ExceptionHandler,
    /// The end of the loop by [`KeyboardInterrupt`] or [`SystemError`].
    System,
}

impl ErrorOrigin {
    const fn noun(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::DescriptorWatcher => "descriptor watcher",
            Self::SignalHandler => "signal handler",
            Self::Watcher => "watcher",
            Self::Task => "task",
            Self::Listener => "listener",
            Self::Stream => "stream",
            Self::Main => "main future",
            Self::Waker => "waker",
            Self::ExceptionHandler => "exception handler",
            Self::System => "event loop",
        }
    }
}

/// What the loop's exception handler is told.
///
/// Its `Display` is the line that the default handler prints.
#[derive(Clone, Debug)]
pub struct ErrorContext {
    origin: ErrorOrigin,
    name: Option<String>,
    location: Option<&'static Location<'static>>,
    message: String,
}

impl ErrorContext {
    /// A report about `origin`.
    pub fn new(origin: ErrorOrigin) -> Self {
        Self { origin, name: None, location: None, message: String::new() }
    }

    /// Says what it is called.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Says where it was made.
    #[must_use]
    pub const fn at(mut self, location: &'static Location<'static>) -> Self {
        self.location = Some(location);
        self
    }

    /// Says what happened.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Says that it panicked, with the message of the panic.
    #[must_use]
    pub fn panicked(self, payload: &(dyn Any + Send)) -> Self {
        self.saying(format!("panicked: {}", crate::panic::message(payload)))
    }

    /// Whose error it is.
    pub const fn origin(&self) -> ErrorOrigin {
        self.origin
    }

    /// The name of the task, if it is one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the callback or task was made.
    pub const fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ErrorContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin.noun())?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        if let Some(location) = self.location {
            write!(f, " (made at {location})")?;
        }
        write!(f, " {}", self.message)
    }
}
