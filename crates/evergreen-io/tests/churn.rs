//! A crowd of connections: short ones that follow each other, and others that are held all the
//! while. Both ends are evergreen's, each in a process of its own. Alone in its file: it counts the
//! descriptors of the process.
//!
//! `EVERGREEN_CONNECTIONS` says how many there are, 10,000 if it does not. A hundredth of them are
//! open at a time, and nine times as many are held idle.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use common::{TestLoop, beside, child};
use evergreen_io::net::{TcpListener, TcpStream};
use evergreen_task::{TaskGroup, spawn, timeout};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const TEST: &str = "a_crowd_leaves_no_source_timer_task_or_descriptor";

/// A client's system has 28,232 ports for each that somebody listens on, and keeps one for a minute
/// after its connection.
const CONNECTIONS_OF_LISTENER: usize = 20_000;

/// A connection on which nothing comes for so many seconds is broken.
const PATIENCE: f64 = 60.0;

/// Whom the clients talk to, and how many they are.
#[derive(Clone)]
struct Crowd {
    short: usize,
    servers: Vec<SocketAddr>,
}

impl Crowd {
    const fn at_once(&self) -> usize {
        self.short / 100
    }

    const fn idle(&self) -> usize {
        9 * self.at_once()
    }

    const fn all(&self) -> usize {
        self.short + self.idle()
    }

    /// As one line for the other process.
    fn to_part(&self) -> String {
        self.servers.iter().fold(self.short.to_string(), |part, server| format!("{part} {server}"))
    }

    fn from_part(part: &str) -> Self {
        let mut words = part.split(' ');
        let short = words.next().unwrap().parse().unwrap();
        Self { short, servers: words.map(|word| word.parse().unwrap()).collect() }
    }

    /// The limit is raised as far as this needs it.
    fn allow_descriptors(&self) {
        let needed = (self.idle() + self.at_once() + 100) as u64;
        let limit = getrlimit(Resource::Nofile);
        if limit.current.is_none_or(|current| current >= needed) {
            return;
        }
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(needed), ..limit });
        raised.unwrap_or_else(|error| {
            panic!("{needed} descriptors are needed, and `ulimit -Hn` allows fewer: {error}")
        });
    }
}

/// Accepts so many connections in all and serves each until its end. Counts how many there were at
/// most at a time.
async fn serve(listeners: Vec<TcpListener>, all: usize, most: Rc<Cell<usize>>) {
    let served = TaskGroup::scope(async |group| {
        let mut left = all;
        for listener in &listeners {
            for _ in 0..left.min(CONNECTIONS_OF_LISTENER) {
                let (stream, _) = listener.accept().await?;
                group.spawn(echo(stream));
                most.set(most.get().max(group.len()));
                left -= 1;
            }
        }
        Ok(())
    });
    served.await.unwrap();
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            read => stream.write_all(&buffer[..read]).await?,
        }
    }
}

/// Gives every connection a number: to whom it goes, and what is asked.
struct Clients {
    crowd: Crowd,
    next: Cell<usize>,
}

impl Clients {
    /// A connection on which one question was answered.
    async fn open(&self) -> io::Result<(TcpStream, usize)> {
        let number = self.next.replace(self.next.get() + 1);
        let server = self.crowd.servers[number / CONNECTIONS_OF_LISTENER];
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        ask(&mut stream, number).await?;
        Ok((stream, number))
    }

    async fn open_many(self: &Rc<Self>, count: usize) -> Vec<(TcpStream, usize)> {
        let opened = (0..count).map(|_| {
            let clients = Rc::clone(self);
            spawn(async move { clients.open().await })
        });
        let mut streams = Vec::new();
        for task in opened.collect::<Vec<_>>() {
            streams.push(task.await.unwrap().unwrap());
        }
        streams
    }

    /// So many at a time, each closed before the next is opened, beside those that are idle.
    async fn run(self: Rc<Self>) {
        let mut idle = Vec::new();
        while idle.len() < self.crowd.idle() {
            idle.extend(self.open_many(self.crowd.at_once()).await);
        }
        let first = self.open_many(self.crowd.at_once()).await;
        let rounds = self.crowd.short / self.crowd.at_once();
        let churned = TaskGroup::scope(async |group| {
            for stream in first {
                let clients = Rc::clone(&self);
                group.spawn(async move {
                    drop(stream);
                    for _ in 1..rounds {
                        drop(clients.open().await?);
                    }
                    Ok::<(), io::Error>(())
                });
            }
            Ok(())
        });
        churned.await.unwrap();
        for (stream, number) in &mut idle {
            ask(stream, *number).await.unwrap();
        }
        assert_eq!(self.next.get(), self.crowd.all());
    }
}

async fn ask(stream: &mut TcpStream, number: usize) -> io::Result<()> {
    let question = number.to_ne_bytes();
    let mut answer = question.map(|byte| !byte);
    stream.write_all(&question).await?;
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.map_err(io::Error::other)??;
    assert_eq!(answer, question);
    Ok(())
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Runs one side, which must leave nothing behind.
fn leaves_nothing(side: impl FnOnce(&TestLoop)) {
    let before = descriptors();
    let event_loop = TestLoop::new();
    side(&event_loop);
    let metrics = event_loop.metrics();
    assert_eq!((metrics.sources, metrics.timers, metrics.tasks, metrics.queued), (0, 0, 0, 0));
    drop(event_loop);
    assert_eq!(descriptors(), before);
}

fn wanted() -> usize {
    let Ok(text) = std::env::var("EVERGREEN_CONNECTIONS") else { return 10_000 };
    let wanted = text.parse().ok().filter(|number| *number > 0 && number % 100 == 0);
    wanted.unwrap_or_else(|| panic!("EVERGREEN_CONNECTIONS is `{text}`: give hundreds, as 100000"))
}

async fn listen(short: usize) -> (Vec<TcpListener>, Crowd) {
    let mut crowd = Crowd { short, servers: Vec::new() };
    let mut listeners = Vec::new();
    for _ in 0..crowd.all().div_ceil(CONNECTIONS_OF_LISTENER) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        crowd.servers.push(listener.local_addr().unwrap());
        listeners.push(listener);
    }
    (listeners, crowd)
}

// F27
#[test]
fn a_crowd_leaves_no_source_timer_task_or_descriptor() {
    if let Some(part) = child::part() {
        let crowd = Crowd::from_part(&part);
        return leaves_nothing(|event_loop| {
            event_loop.block_on(Rc::new(Clients { crowd, next: Cell::new(0) }).run());
        });
    }
    let short = wanted();
    leaves_nothing(|event_loop| {
        let (listeners, crowd) = event_loop.block_on(listen(short));
        crowd.allow_descriptors();
        let most = Rc::new(Cell::new(0));
        let served = spawn(serve(listeners, crowd.all(), Rc::clone(&most)));
        let part = crowd.to_part();
        beside(event_loop, move || child::alone(TEST, &part));
        event_loop.block_on(served).unwrap();
        assert!(
            most.get() >= crowd.idle() + crowd.at_once(),
            "{} were there at a time",
            most.get()
        );
    });
}
