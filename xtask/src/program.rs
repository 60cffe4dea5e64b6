//! A program under test: started, read line by line, signalled, and ended within a time limit.

use crate::Result;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// The whole life of a program may last this long.
const LIMIT: Duration = Duration::from_secs(20);

/// Dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    deadline: Instant,
}

impl Program {
    pub(crate) fn start(path: &Path, args: &[&str]) -> Result<Self> {
        let mut child = Command::new(path)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let (sender, lines) = mpsc::channel();
        // A read of a pipe has no time limit; a receive has.
        thread::spawn(move || {
            BufReader::new(stdout)
                .lines()
                .map_while(std::result::Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Ok(Self { child, lines, deadline: Instant::now() + LIMIT })
    }

    /// The next line of its output; `None` at the end.
    pub(crate) fn line(&self) -> Result<Option<String>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(too_late()),
        }
    }

    pub(crate) fn signal(&self, name: &str) -> Result {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status()?;
        if status.success() { Ok(()) } else { Err(format!("kill -s {name}: {status}").into()) }
    }

    /// Waits for its end, which must be a good one, and returns the rest of its output.
    pub(crate) fn finish(mut self) -> Result<Vec<String>> {
        let mut rest = Vec::new();
        while let Some(line) = self.line()? {
            rest.push(line);
        }
        // The output is closed, so the end is near: looking again and again costs nothing.
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(rest),
                Some(status) => return Err(format!("it ended with {status}").into()),
                None if Instant::now() >= self.deadline => return Err(too_late()),
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail if it has ended, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn too_late() -> Box<dyn std::error::Error> {
    format!("it did not end within {} s", LIMIT.as_secs()).into()
}
