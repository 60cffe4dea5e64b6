//! The echo server of the examples, in this process: what it leaves behind after ctrl-c.

#[path = "../echo_server.rs"]
mod echo_server;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use evergreen::net::TcpListener;
use evergreen::{EventLoop, LoopTasks, signal};
use rustix::process::{Signal, getpid, kill_process};

const CLIENTS: usize = 100;
const LINES: usize = 100;

/// Connects a hundred times at once, sends every line in two halves and reads it back.
fn ask(address: SocketAddr) -> usize {
    let connect = |_| {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_nodelay(true).expect("the second half goes out at once");
        BufReader::new(stream)
    };
    let mut clients: Vec<_> = (0..CLIENTS).map(connect).collect();
    let mut matched = 0;
    for line in 0..LINES {
        for (number, client) in clients.iter_mut().enumerate() {
            let text = format!("{number} {line} {}\n", "x".repeat(line * 30));
            let (first, second) = text.split_at(text.len() / 2);
            client.get_mut().write_all(first.as_bytes()).expect("sent");
            client.get_mut().write_all(second.as_bytes()).expect("sent");
            let mut answer = String::new();
            client.read_line(&mut answer).expect("answered");
            matched += usize::from(answer == text);
        }
    }
    kill_process(getpid(), Signal::INT).expect("ctrl-c");
    matched
}

/// Open descriptors and threads of this process.
fn held() -> [usize; 2] {
    ["/proc/self/fd", "/proc/self/task"]
        .map(|folder| std::fs::read_dir(folder).map_or(0, Iterator::count))
}

// EV-EX-02, EV-LOOP-21, F27
#[test]
fn ctrl_c_leaves_no_task_timer_source_descriptor_or_thread() {
    let before = held();
    let event_loop = EventLoop::new().expect("a loop");
    let client = event_loop.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let server = event_loop.spawn(echo_server::serve(listener));
        let interrupted = signal::ctrl_c();
        let client = thread::spawn(move || ask(address));
        interrupted.await.expect("a signal");
        server.kill();
        client
    });
    event_loop.destroy().expect("it does not run");
    let metrics = event_loop.metrics();
    drop(event_loop);
    println!("lines that came back as they were: {}", client.join().expect("no panic"));
    println!("tasks {}, timers {}, sources {}", metrics.tasks, metrics.timers, metrics.sources);
    println!("descriptors and threads before {before:?}, after {:?}", held());
    assert_eq!((metrics.tasks, metrics.timers, metrics.sources, metrics.queued), (0, 0, 0, 0));
    assert_eq!(held(), before);
}
