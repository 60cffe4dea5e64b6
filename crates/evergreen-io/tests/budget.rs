//! A socket that is always ready does not keep its task running for ever.

mod common;

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use common::streams::plain_pair;
use common::{TestLoop, pair_with_std};
use evergreen_io::AsyncFd;
use evergreen_io::io::BaseStream;
use evergreen_io::net::{TcpStream, UnixDatagram};
use evergreen_task::{spawn, yield_now};
use futures_lite::AsyncReadExt;

type Trace = Rc<RefCell<Vec<String>>>;

/// Reads byte by byte, each of which is there, and notes every 64th.
async fn read_bytes(mut stream: TcpStream, count: usize, trace: Trace) {
    for read in 1..=count {
        stream.read_exact(&mut [0]).await.expect("it is there");
        if read % 64 == 0 {
            trace.borrow_mut().push(read.to_string());
        }
    }
}

async fn other(trace: Trace) {
    trace.borrow_mut().push("other".to_owned());
    yield_now().await;
    trace.borrow_mut().push("other again".to_owned());
}

/// A connection with so many bytes to read, of which the loop knows.
fn filled(event_loop: &TestLoop, count: usize) -> TcpStream {
    let (mut stream, mut peer) = pair_with_std();
    peer.write_all(&vec![7; count + 1]).expect("there is room");
    event_loop.block_on(stream.read_exact(&mut [0])).expect("one byte");
    stream
}

const IN_TURNS: [&str; 7] = ["64", "128", "other", "192", "256", "other again", "320"];

// "sockets of this project count against a budget of 128 ready results per poll".
#[test]
fn a_task_that_reads_what_is_there_goes_through_the_queue_once_for_each_128_reads() {
    let (event_loop, trace) = (TestLoop::new(), Trace::default());
    let stream = filled(&event_loop, 320);
    let reader = spawn(read_bytes(stream, 320, Rc::clone(&trace)));
    let _other = spawn(other(Rc::clone(&trace)));
    event_loop.block_on(reader.join()).unwrap();
    assert_eq!(trace.take(), IN_TURNS);
    assert_eq!(reader.task_ref().polls(), 3);
}

//
#[test]
fn the_main_future_that_reads_what_is_there_gives_way_as_well() {
    let (event_loop, trace) = (TestLoop::new(), Trace::default());
    let stream = filled(&event_loop, 320);
    event_loop.block_on(async {
        let _other = spawn(other(Rc::clone(&trace)));
        read_bytes(stream, 320, Rc::clone(&trace)).await;
    });
    assert_eq!(trace.take(), IN_TURNS);
}

/// Runs a task that has something ready 320 times, beside one that yields once.
fn takes_turns(event_loop: &TestLoop, always_ready: impl Future<Output = ()> + 'static) {
    let trace = Trace::default();
    let task = spawn(always_ready);
    let _other = spawn(other(Rc::clone(&trace)));
    event_loop.block_on(task.join()).expect("nobody kills it");
    assert_eq!(trace.take(), ["other", "other again"]);
    // Once more if the first poll came before the loop knew that it is ready.
    assert!((3..=4).contains(&task.task_ref().polls()), "{}", task.task_ref().polls());
}

//
#[test]
fn a_task_that_sends_datagrams_gives_way() {
    let event_loop = TestLoop::new();
    let (socket, peer) = std::os::unix::net::UnixDatagram::pair().expect("descriptors");
    let socket = UnixDatagram::from_std(socket).expect("a loop");
    takes_turns(&event_loop, async move {
        for _ in 0..320 {
            socket.send(b"x").await.expect("there is room");
            peer.recv(&mut [0]).expect("it is there");
        }
    });
}

//
#[test]
fn a_task_whose_descriptor_is_always_ready_gives_way() {
    let event_loop = TestLoop::new();
    let (mut peer, stream) = std::os::unix::net::UnixStream::pair().expect("descriptors");
    peer.write_all(b"x").expect("there is room");
    let fd = AsyncFd::new(stream).expect("a loop");
    takes_turns(&event_loop, async move {
        for _ in 0..320 {
            fd.readable().await.expect("a loop").retain_ready();
        }
    });
}

// what a stream holds is ready without a socket.
#[test]
fn a_task_that_reads_what_a_stream_holds_gives_way() {
    let event_loop = TestLoop::new();
    let (ours, theirs) = event_loop.block_on(async { plain_pair() });
    ours.write(&[b'\n'; 320]).expect("connected");
    takes_turns(&event_loop, async move {
        for _ in 0..320 {
            theirs.read_until(b"\n").await.expect("it is there");
        }
    });
}

// R-17, EV-STR-12
#[test]
fn a_task_that_reads_behind_the_end_gives_way() {
    let event_loop = TestLoop::new();
    let (ours, theirs) = event_loop.block_on(async { plain_pair() });
    ours.close();
    theirs.keep_open_on_eof(true);
    takes_turns(&event_loop, async move {
        for _ in 0..320 {
            assert_eq!(theirs.read_some(1).await.expect("open"), b"");
        }
    });
}
