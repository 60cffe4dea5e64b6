//! What a runtime must offer to be measured, and the program around it.

use crate::{Figures, Primitives, clock, scenarios};
use std::{
    env,
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    num::{NonZeroU64, NonZeroUsize},
    process,
    str::FromStr,
    time::Duration,
};

/// So many connections may wait to be accepted.
pub const BACKLOG: i32 = 4096;

/// A single-threaded runtime. All of it runs on the thread that calls `block_on`.
pub trait Peer: 'static {
    /// Runs a future to its end, on a runtime made for it with the usual settings.
    fn block_on(future: impl Future<Output = ()> + 'static);

    /// Starts a task. What comes back is the runtime's own handle, ready when the task is done; it
    /// is always awaited.
    fn spawn(future: impl Future<Output = ()> + 'static) -> impl Future + 'static;

    /// Starts a task that nobody waits for.
    fn detach(future: impl Future<Output = ()> + 'static);

    /// Waits for a time.
    fn sleep(time: Duration) -> impl Future<Output = ()> + 'static;

    /// Runs a future under the runtime's own time limit.
    fn timeout(
        limit: Duration,
        future: impl Future<Output = ()> + 'static,
    ) -> impl Future<Output = ()> + 'static;

    /// Listens on a free port of 127.0.0.1, tells which, and accepts for ever. Each connection has
    /// a task and `buffer` bytes, sends without delay, and writes back what it has read until the
    /// other side closes.
    fn serve(
        listening: impl FnOnce(SocketAddr) + 'static,
        buffer: usize,
    ) -> impl Future<Output = ()> + 'static;
}

/// A runtime that has lines, its own or what its users take.
pub trait Lines: Peer {
    /// As [`Peer::serve`], but what is written back is each line, when all of it is there.
    fn serve_lines(
        listening: impl FnOnce(SocketAddr) + 'static,
    ) -> impl Future<Output = ()> + 'static;
}

/// The program of a peer: `peer-NAME SCENARIO OPERATIONS` prints the figures of that scenario,
/// `peer-NAME serve BUFFER` is an echo server.
pub fn run<P: Peer>() {
    program::<P>(scenarios::find::<P>, || fail("it has no lines"));
}

/// As [`run`], for a runtime whose tasks have something to wait for each other with, and that has
/// lines: `peer-NAME serve-lines` is the server of those.
pub fn run_with_all<P: Primitives + Lines>() {
    let serve_lines = || P::block_on(P::serve_lines(announce));
    program::<P>(scenarios::find_with_primitives::<P>, serve_lines);
}

/// The program of a peer that is an echo server and nothing else.
pub fn run_server(serve: fn(listening: fn(SocketAddr), buffer: usize)) {
    let args = arguments();
    clock::pin(clock::RUNTIME_CORE);
    match &words(&args)[..] {
        ["serve", buffer] => serve(announce, bytes(buffer)),
        _ => fail("usage: serve BUFFER"),
    }
}

/// The scenario of that name with so many operations, if there is one.
type Find = fn(&str, u64) -> Option<Figures>;

fn program<P: Peer>(find: Find, serve_lines: fn()) {
    let args = arguments();
    clock::pin(clock::RUNTIME_CORE);
    match &words(&args)[..] {
        ["serve", buffer] => P::block_on(P::serve(announce, bytes(buffer))),
        ["serve-lines"] => serve_lines(),
        [name, operations] => print!("{}", figures(find, name, operations)),
        _ => fail("usage: SCENARIO OPERATIONS | serve BUFFER | serve-lines"),
    }
}

/// What stands behind the program's name, without the options that a peer has for itself.
fn arguments() -> Vec<String> {
    env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect()
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn figures(find: Find, name: &str, operations: &str) -> Figures {
    let operations = number::<NonZeroU64>(operations, "operations").get();
    find(name, operations).unwrap_or_else(|| fail(&format!("no scenario {name}")))
}

fn bytes(buffer: &str) -> usize {
    number::<NonZeroUsize>(buffer, "bytes").get()
}

fn number<N: FromStr>(text: &str, of: &str) -> N {
    text.parse().unwrap_or_else(|_| fail(&format!("`{text}` is not a number of {of}")))
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    process::exit(2)
}

/// Prints the address. From then on each line of standard input is answered with the CPU time of
/// the process so far; the end of the input ends the process, whatever its runtime does.
fn announce(address: SocketAddr) {
    println!("{address}");
    std::thread::spawn(|| {
        for _line in io::stdin().lines().map_while(Result::ok) {
            println!("{}", clock::cpu_ns());
        }
        process::exit(0);
    });
}

/// A listener on a free port, for runtimes that take one from the standard library.
///
/// # Errors
///
/// What the system answers.
pub fn listener() -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
