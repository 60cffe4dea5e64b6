//! The echo server of a peer, and what it takes while clients talk to it.

use crate::{
    clients::{self, Clients},
    measure::{last_words, start, wait},
    peers::Peer,
    scenario::Echo,
};
use evergreen_bench::{
    Figures,
    clock::{OTHER_CORE, pin, resident_bytes_of},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command},
    thread,
    time::Instant,
};

/// A connection is read into a buffer of so many bytes.
pub(crate) const BUFFER: &str = "8192";

/// So small that the figure is the runtime's, and not that of a buffer.
const SMALL_BUFFER: &str = "512";

/// Dropped, it is ended.
pub(crate) struct Server {
    child: Child,
    /// Gone when the server is to end.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(peer: &Peer) -> Result<Self, String> {
        Self::start_as(peer.command().args(["serve", BUFFER]))
    }

    pub(crate) fn start_small(peer: &Peer) -> Result<Self, String> {
        Self::start_as(peer.command().args(["serve", SMALL_BUFFER]))
    }

    pub(crate) fn start_lines(peer: &Peer) -> Result<Self, String> {
        Self::start_as(peer.command().arg("serve-lines"))
    }

    pub(crate) fn start_as(command: &mut Command) -> Result<Self, String> {
        let mut child = start(command)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("it has no standard streams".to_owned());
        };
        let (stdout, unknown) = (BufReader::new(stdout), ([0; 4], 0).into());
        let mut server = Self { child, stdin: Some(stdin), stdout, address: unknown };
        let told = server.line()?.parse();
        server.address = told.map_err(|_| "it did not tell its address".to_owned())?;
        Ok(server)
    }

    /// Its CPU time, while the clients run on the other core.
    pub(crate) fn echo(&mut self, load: Echo) -> Result<Figures, String> {
        let mut clients = self.serve(load, load.requests / 10)?;
        let before = self.cpu_ns()?;
        let wall = self.with_clients(move || {
            let start = Instant::now();
            clients.run(load.requests).map(|()| start.elapsed())
        })?;
        let cpu_ns = self.cpu_ns()? - before;
        let mut figures = Figures::default();
        figures.set("cpu_ns", cpu_ns / load.requests as f64);
        figures.set("wall_ns", wall.as_nanos() as f64 / load.requests as f64);
        Ok(figures)
    }

    /// What each connection that was served once adds to its memory.
    pub(crate) fn idle(&mut self, connections: usize) -> Result<Figures, String> {
        let load = |connections, requests| Echo {
            connections,
            requests,
            size: 64,
            in_flight: 1,
            churn: false,
        };
        // What the server makes once is there before the weighing.
        let _first = self.serve(load(10, 10), 10)?;
        let before = self.resident_bytes()?;
        let requests = connections as u64;
        let _silent = self.serve(load(connections, requests), requests)?;
        let mut figures = Figures::default();
        figures.set("bytes", (self.resident_bytes()? - before) / connections as f64);
        Ok(figures)
    }

    /// Clients that are connected and have had so many answers.
    pub(crate) fn serve(&mut self, load: Echo, requests: u64) -> Result<Clients, String> {
        let address = self.address;
        self.with_clients(move || {
            let mut clients = Clients::connect(address, load)?;
            clients.run(requests)?;
            Ok(clients)
        })
    }

    /// On a thread, so that the pinning ends with it. Why the server died says more than that a
    /// connection was lost.
    fn with_clients<T: Send + 'static>(
        &mut self,
        f: impl FnOnce() -> clients::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let on_the_other_core = || {
            pin(OTHER_CORE);
            f()
        };
        let ended = thread::spawn(on_the_other_core).join();
        let ended = ended.map_err(|_| "the clients panicked".to_owned())?;
        ended.map_err(|error| match self.child.try_wait() {
            Ok(Some(status)) => format!("{status}: {}", last_words(&mut self.child)),
            _ => format!("clients: {error}"),
        })
    }

    fn cpu_ns(&mut self) -> Result<f64, String> {
        let stdin = self.stdin.as_mut().ok_or("it was told to end")?;
        writeln!(stdin).map_err(|error| error.to_string())?;
        self.line()?.parse().map_err(|_| "it did not tell its CPU time".to_owned())
    }

    fn resident_bytes(&self) -> Result<f64, String> {
        let bytes = resident_bytes_of(self.child.id()).map_err(|error| error.to_string())?;
        Ok(bytes as f64)
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(1..) => Ok(line.trim_end().to_owned()),
            Ok(0) => wait(&mut self.child).and(Err("it ended".to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Has it end well, and gives what it said on standard error.
    pub(crate) fn end(&mut self) -> Result<String, String> {
        drop(self.stdin.take());
        wait(&mut self.child)?;
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut said).map_err(|error| error.to_string())?;
        }
        Ok(said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
