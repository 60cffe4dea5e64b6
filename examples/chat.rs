//! A chat of many clients. Each has a queue of what it is to be sent; who does not read fills its own
//! queue and is put out, and harms nobody else.
//!
//! ```sh
//! cargo run --example chat            # a talk between clients of its own
//! cargo run --example chat -- 1234    # a server on port 1234: nc 127.0.0.1 1234
//! ```
//!
//! You should see:
//!
//! ```text
//! the slow one was put out
//! the others have read 2000 lines each
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::net::{TcpListener, TcpStream, tcp::OwnedWriteHalf};
use evergreen::{Task, queue::Queue, spawn};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt, io::BufReader};
use std::{cell::RefCell, env, io, net::SocketAddr, rc::Rc};

const BACKLOG: usize = 300; // lines that may wait to be sent to one client
const LINES: usize = 2000;

type Lines = Queue<Rc<str>>;
type Member = (SocketAddr, Rc<Lines>, Task<io::Result<()>>);

// ANCHOR: room
#[derive(Default)]
struct Room(RefCell<Vec<Member>>);

impl Room {
    /// To all but who says it. It does not wait: a queue that is full belongs to one who is put out.
    fn say(&self, line: &Rc<str>, speaker: SocketAddr) {
        self.0.borrow_mut().retain(|(peer, lines, writer)| {
            let keeps_up = *peer == speaker || lines.put_nowait(Rc::clone(line)).is_ok();
            if !keeps_up {
                writer.kill(); // and with it goes its half of the connection
            }
            keeps_up
        });
    }

    async fn serve(self: Rc<Self>, stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
        let (reader, writer) = stream.into_split();
        let queue = Rc::new(Queue::new(BACKLOG));
        let sender = spawn(send(Rc::clone(&queue), writer));
        self.0.borrow_mut().push((peer, queue, sender));
        let mut said = BufReader::new(reader).lines();
        while let Some(Ok(line)) = said.next().await {
            self.say(&format!("{line}\n").into(), peer);
        }
        self.0.borrow_mut().retain(|(other, ..)| *other != peer);
        Ok(())
    }
}

async fn send(lines: Rc<Lines>, mut writer: OwnedWriteHalf) -> io::Result<()> {
    loop {
        writer.write_all(lines.get().await.as_bytes()).await?;
    }
}
// ANCHOR_END: room

async fn accept(listener: TcpListener) -> io::Result<()> {
    let room = Rc::<Room>::default();
    loop {
        let (stream, peer) = listener.accept().await?;
        drop(spawn(Rc::clone(&room).serve(stream, peer)));
    }
}

#[evergreen::main]
async fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind(format!("127.0.0.1:{port:0>1}")).await?;
    let address = listener.local_addr()?;
    if !port.is_empty() {
        return accept(listener).await;
    }
    let server = spawn(accept(listener));
    let connect = || TcpStream::connect(address);
    let (mut slow, mut speaker) = (connect().await?, connect().await?);
    let readers = [connect().await?, connect().await?];
    let mut readers = readers.map(|stream| BufReader::new(stream).lines());
    let line = format!("{}\n", "x".repeat(9999));
    for _ in 0..LINES {
        speaker.write_all(line.as_bytes()).await?;
        for reader in &mut readers {
            assert_eq!(reader.next().await.transpose()?.as_deref(), Some(line.trim_end()));
        }
    }
    // It has less than all of it: what was on its way when it was put out.
    assert!(slow.read_to_end(&mut Vec::new()).await? < LINES * line.len());
    println!("the slow one was put out\nthe others have read {LINES} lines each");
    server.kill();
    Ok(())
}
