//! One scenario of one peer, in a process of its own.

use crate::{
    clients::{self, Clients},
    peers::Peer,
    scenario::{Load, Scenario},
};
use evergreen_bench::{
    Figures,
    clock::{OTHER_CORE, pin},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A program that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn one(peer: &Peer, scenario: &Scenario) -> Result<Figures, String> {
    let figures = match scenario.load {
        Load::Operations(operations) => alone(peer, scenario.name, operations)?,
        Load::Echo { connections, requests } => echo(peer, connections, requests)?,
    };
    match figures.get(scenario.figure().0) {
        Some(_) => Ok(figures),
        None => Err(format!("it did not print {}", scenario.figure().0)),
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

fn start(command: &mut Command) -> Result<Child, String> {
    // What is said in the table should be short, and the same in every round.
    command.env("RUST_BACKTRACE", "0");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().map_err(|error| format!("does not start: {error}"))
}

/// Waits for the child's end, which must be a good one. What it prints fits into a pipe.
fn wait(child: &mut Child) -> Result<(), String> {
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
fn last_words(child: &mut Child) -> String {
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

fn echo(peer: &Peer, connections: usize, requests: u64) -> Result<Figures, String> {
    let mut server = Server::start(peer)?;
    let measured = server.measure(connections, requests);
    // Why it died says more than that its connection was lost.
    measured.map_err(|error| match server.child.try_wait() {
        Ok(Some(status)) => format!("{status}: {}", last_words(&mut server.child)),
        _ => error,
    })
}

/// The echo server of a peer; dropped, it is ended.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(peer: &Peer) -> Result<Self, String> {
        let mut child = start(peer.command().arg("serve"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("it has no standard streams".to_owned());
        };
        Ok(Self { child, stdin, stdout: BufReader::new(stdout) })
    }

    /// The server's CPU time, while the clients run on the other core.
    fn measure(&mut self, connections: usize, requests: u64) -> Result<Figures, String> {
        let address: SocketAddr =
            self.line()?.parse().map_err(|_| "it did not tell its address".to_owned())?;
        let clients = move || -> clients::Result<Clients> {
            pin(OTHER_CORE);
            let mut clients = Clients::connect(address, connections)?;
            clients.run(requests / 10)?;
            Ok(clients)
        };
        // A thread, so that the pinning ends with it.
        let mut clients = on_a_thread(clients)?;
        let before = self.cpu_ns()?;
        let wall = on_a_thread(move || {
            pin(OTHER_CORE);
            let start = Instant::now();
            clients.run(requests).map(|()| start.elapsed())
        })?;
        let cpu_ns = self.cpu_ns()? - before;
        let mut figures = Figures::default();
        figures.set("cpu_ns", cpu_ns / requests as f64);
        figures.set("wall_ns", wall.as_nanos() as f64 / requests as f64);
        Ok(figures)
    }

    fn cpu_ns(&mut self) -> Result<f64, String> {
        writeln!(self.stdin).map_err(|error| error.to_string())?;
        self.line()?.parse().map_err(|_| "it did not tell its CPU time".to_owned())
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(1..) => Ok(line.trim_end().to_owned()),
            Ok(0) => wait(&mut self.child).and(Err("it ended".to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn on_a_thread<T: Send + 'static>(
    f: impl FnOnce() -> clients::Result<T> + Send + 'static,
) -> Result<T, String> {
    let ended = thread::spawn(f).join().map_err(|_| "the clients panicked".to_owned())?;
    ended.map_err(|error| format!("clients: {error}"))
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
