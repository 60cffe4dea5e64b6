//! One scenario of one peer, in a process of its own.

use crate::{
    calls,
    peers::Peer,
    scenario::{Load, Scenario},
    server::Server,
};
use evergreen_bench::Figures;
use std::{
    io::Read,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A program that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn one(peer: &Peer, scenario: &Scenario) -> Result<Figures, String> {
    let figures = match scenario.load {
        Load::Operations(operations) => alone(peer, scenario.name, operations)?,
        Load::Echo(load) => Server::start(peer)?.echo(load)?,
        Load::Lines(load) => Server::start_lines(peer)?.echo(load)?,
        Load::Calls(load) => calls::count(peer, load)?,
        Load::Idle { connections } => Server::start_small(peer)?.idle(connections)?,
    };
    let name = scenario.figure().name;
    match figures.get(name) {
        Some(_) => Ok(figures),
        None => Err(format!("it did not print {name}")),
    }
}

fn alone(peer: &Peer, scenario: &str, operations: u64) -> Result<Figures, String> {
    let mut command = peer.command();
    command.args([scenario, &operations.to_string()]);
    let mut child = start(&mut command)?;
    let stdout = child.stdout.take();
    let ended = wait(&mut child);
    let mut printed = String::new();
    if let Some(mut stdout) = stdout {
        stdout.read_to_string(&mut printed).map_err(|error| error.to_string())?;
    }
    ended?;
    printed.parse()
}

pub(crate) fn start(command: &mut Command) -> Result<Child, String> {
    // What is said in the table should be short, and the same in every round.
    command.env("RUST_BACKTRACE", "0");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().map_err(|error| format!("does not start: {error}"))
}

/// Waits for the child's end, which must be a good one. What it prints fits into a pipe.
pub(crate) fn wait(child: &mut Child) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{status}: {}", last_words(child))),
            None if start.elapsed() > LIMIT => {
                drop(child.kill());
                drop(child.wait());
                return Err(format!("it did not end within {} s", LIMIT.as_secs()));
            },
            None => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// What the child said last, on one line.
pub(crate) fn last_words(child: &mut Child) -> String {
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        drop(stderr.read_to_string(&mut said));
    }
    gist(&said)
}

/// A panic without the id of its thread and the advice to look at the backtrace.
fn gist(said: &str) -> String {
    let lines = said.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("note:"));
    let lines = lines.filter(|line| !line.starts_with("thread '"));
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_panic_the_message_is_left() {
        let said = "\nthread 'main' (7) panicked at src/a.rs:1:2:\nno memory: 12\nnote: run with\n";
        assert_eq!(gist(said), "no memory: 12");
    }

    #[test]
    fn a_child_that_fails_says_why() {
        let mut child = start(Command::new("sh").args(["-c", "echo no ring >&2; exit 3"])).unwrap();
        assert_eq!(wait(&mut child).unwrap_err(), "exit status: 3: no ring");
        assert!(start(&mut Command::new("/nowhere/at/all")).is_err());
    }
}
