//! The clients of the echo server: one thread, one epoll, sockets of the standard library.

use rustix::{buffer::spare_capacity, event::Timespec, event::epoll};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
};

pub(crate) use std::io::Result;

const REQUEST: [u8; 64] = [b'x'; 64];

/// Nothing takes so long but a server that hangs.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

pub(crate) struct Clients {
    epoll: OwnedFd,
    connections: Vec<Connection>,
}

struct Connection {
    stream: TcpStream,
    /// How many bytes of the answer are still to come.
    missing: usize,
}

impl Clients {
    pub(crate) fn connect(server: SocketAddr, count: usize) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(count);
        for number in 0..count {
            let stream = TcpStream::connect(server)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
            connections.push(Connection { stream, missing: 0 });
        }
        Ok(Self { epoll, connections })
    }

    /// Sends so many requests over all connections, one at a time on each, and returns when every
    /// answer is there.
    pub(crate) fn run(&mut self, requests: u64) -> Result<()> {
        let (mut unsent, mut unanswered) = (requests, requests);
        for connection in &mut self.connections {
            if unsent > 0 {
                unsent -= 1;
                connection.ask()?;
            }
        }
        let mut events = Vec::with_capacity(1024);
        while unanswered > 0 {
            if epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&PATIENCE))? == 0 {
                return Err(ErrorKind::TimedOut.into());
            }
            for event in events.drain(..) {
                let number = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
                let connection = &mut self.connections[number];
                if !connection.hear()? {
                    continue;
                }
                unanswered -= 1;
                if unsent > 0 {
                    unsent -= 1;
                    connection.ask()?;
                }
            }
        }
        Ok(())
    }
}

impl Connection {
    /// A request is small and the only one, so it fits into the socket's buffer whole.
    fn ask(&mut self) -> Result<()> {
        self.missing = REQUEST.len();
        self.stream.write_all(&REQUEST)
    }

    /// Reads what has come. Is the answer complete?
    fn hear(&mut self) -> Result<bool> {
        let mut buffer = [0; 2 * REQUEST.len()];
        let read = match self.stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        if read > self.missing || buffer[..read].iter().any(|byte| *byte != REQUEST[0]) {
            return Err(io::Error::other("other bytes came back than were sent"));
        }
        self.missing -= read;
        Ok(self.missing == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::TcpListener,
        thread::{self, JoinHandle},
    };

    /// A server that hands each byte that it reads to `f`, and sends what that gives.
    fn serve(f: fn(u8) -> u8) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let mut buffer = [0; 50];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                let answer: Vec<u8> = buffer[..read].iter().map(|byte| f(*byte)).collect();
                stream.write_all(&answer).unwrap();
            }
        });
        (address, server)
    }

    #[test]
    fn answers_that_come_in_pieces_are_put_together() {
        let (address, server) = serve(|byte| byte);
        let mut clients = Clients::connect(address, 1).unwrap();
        clients.run(20).unwrap();
        assert_eq!(clients.connections[0].missing, 0);
        drop(clients);
        server.join().unwrap();
    }

    #[test]
    fn another_answer_is_an_error() {
        let (address, server) = serve(|byte| byte + 1);
        let mut clients = Clients::connect(address, 1).unwrap();
        assert!(clients.run(1).is_err());
        drop(clients);
        server.join().unwrap();
    }
}
