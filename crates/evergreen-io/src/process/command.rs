//! What is to be started, and how.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use evergreen_loop::EventLoop;

use super::child::Child;
use super::reaper;
use super::watch::Way;
use crate::in_words::in_words;

/// A program to start, with its arguments, its surroundings and its streams.
///
/// It is the standard library's [`process::Command`], whose children the loop waits for. Unless it
/// is said otherwise, a child shares the three standard streams with this process.
///
/// tokio's `pre_exec` is not here, as it is unsafe: what is to run between the fork and the
/// execution is given to the command of the standard library, before it becomes this one by
/// [`Command::from`] or through [`Command::as_std_mut`].
///
/// ```
/// use evergreen_io::process::Command;
///
/// evergreen_loop::block_on(async {
///     let output = Command::new("echo").arg("hello").output().await?;
///     assert_eq!(output.stdout, b"hello\n");
///     # std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Command {
    std: process::Command,
    kill_on_drop: bool,
    way: Way,
}

/// What is started.
impl Command {
    /// A program without arguments. It is looked for in the directories of `PATH`, unless its name
    /// has a slash.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        process::Command::new(program).into()
    }

    /// Appends an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(argument);
        self
    }

    /// Appends arguments.
    pub fn args(&mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> &mut Self {
        self.std.args(arguments);
        self
    }

    /// Sets what the program sees as its own name, its argument 0.
    pub fn arg0(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg0(name);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(name, value);
        self
    }

    /// Sets variables of the environment.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> &mut Self {
        self.std.envs(variables);
        self
    }

    /// Takes a variable out of the environment.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(name);
        self
    }

    /// Empties the environment.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// Sets the directory that the program starts in.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(directory);
        self
    }

    /// Sets the user that the program runs as.
    pub fn uid(&mut self, user: u32) -> &mut Self {
        self.std.uid(user);
        self
    }

    /// Sets the group that the program runs as.
    pub fn gid(&mut self, group: u32) -> &mut Self {
        self.std.gid(group);
        self
    }

    /// Sets the process group that the program joins; 0 is a new one of its own.
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.std.process_group(group);
        self
    }

    /// Sets where the standard input comes from.
    pub fn stdin(&mut self, from: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(from);
        self
    }

    /// Sets where the standard output goes.
    pub fn stdout(&mut self, to: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(to);
        self
    }

    /// Sets where the standard error goes.
    pub fn stderr(&mut self, to: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(to);
        self
    }

    /// Whether a child is killed if its [`Child`] is dropped before its end is known. Without this
    /// it goes on.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Self {
        self.kill_on_drop = kill;
        self
    }

    /// Whether it was asked for by [`Command::kill_on_drop`].
    pub const fn get_kill_on_drop(&self) -> bool {
        self.kill_on_drop
    }

    /// The command of the standard library.
    pub const fn as_std(&self) -> &process::Command {
        &self.std
    }

    /// The command of the standard library, for what it has and this one has not. A child that is
    /// started by it is not the loop's.
    pub const fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.std
    }

    /// Gives the command of the standard library back.
    pub fn into_std(self) -> process::Command {
        self.std
    }

    /// Sees the end of children by SIGCHLD, as where the kernel has nothing better. For tests.
    #[doc(hidden)]
    pub fn watch_by_signal(&mut self) -> &mut Self {
        self.way = Way::Signal;
        self
    }
}

/// Starting it.
impl Command {
    /// Starts a child.
    ///
    /// The loop stands still until the program has been executed, or was found not to be there.
    ///
    /// # Errors
    ///
    /// What the system says, with the name of the program, and with what it is that does not exist:
    /// the program, its directory, or what a script names in its first line;
    /// [`io::ErrorKind::InvalidInput`] if the name, an argument or a variable has a zero byte; if
    /// there are no descriptors left, or this thread has no loop.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let event_loop = EventLoop::current()?;
        reaper::sweep();
        let child = self.std.spawn().map_err(|error| self.not_started(error))?;
        Child::new(&event_loop, child, self.way, self.kill_on_drop)
    }

    fn not_started(&self, error: io::Error) -> io::Error {
        let program = Path::new(self.std.get_program());
        let missing = match error.kind() {
            io::ErrorKind::NotFound => self.missing(program),
            _ => String::new(),
        };
        let text = format!("cannot start {program:?}: {error}{missing}");
        in_words(error, text)
    }

    /// What it is that does not exist.
    fn missing(&self, program: &Path) -> String {
        let directory = self.std.get_current_dir().unwrap_or(Path::new("."));
        if !directory.exists() {
            return format!("; its directory {directory:?} does not exist");
        }
        if !program.as_os_str().as_bytes().contains(&b'/') {
            return "; it was looked for in the directories of PATH".to_owned();
        }
        match directory.join(program).exists() {
            true => "; it is there, but not what is to run it: see its first line".to_owned(),
            false => String::new(),
        }
    }

    /// Starts a child at once; the future waits for its end. Pipes to it are closed.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`] and [`Child::wait`].
    ///
    /// # Kill safety
    ///
    /// The child goes on, unless [`Command::kill_on_drop`] says otherwise.
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + Send + use<> {
        let child = self.spawn();
        async {
            let mut child = child?;
            // What it writes to a pipe that nobody reads would keep it from ending.
            drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
            child.wait().await
        }
    }

    /// Starts a child at once, with pipes for its standard output and error, whatever was set
    /// before; the future reads both and waits for its end.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`] and [`Child::wait_with_output`].
    ///
    /// # Kill safety
    ///
    /// As [`Command::status`]; what was read is lost.
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + Send + use<> {
        self.std.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.spawn();
        async { child?.wait_with_output().await }
    }
}

impl From<process::Command> for Command {
    fn from(std: process::Command) -> Self {
        Self { std, kill_on_drop: false, way: Way::Descriptor }
    }
}
