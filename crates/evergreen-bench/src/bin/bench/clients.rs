//! The clients of the echo server: one thread, one epoll, sockets of the standard library.

use crate::scenario::Echo;
use rustix::{buffer::spare_capacity, event::Timespec, event::epoll};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
};

pub(crate) use std::io::Result;

const BYTE: u8 = b'x';

/// Nothing takes so long but a server that hangs.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

pub(crate) struct Clients {
    server: SocketAddr,
    load: Echo,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    /// All requests that are sent in one piece, each a line.
    piece: Vec<u8>,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// How many bytes of the answer are still to come.
    missing: usize,
}

impl Clients {
    pub(crate) fn connect(server: SocketAddr, load: Echo) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let in_flight = usize::try_from(load.in_flight).map_err(io::Error::other)?;
        let mut request = vec![BYTE; load.size];
        request[load.size - 1] = b'\n';
        let piece = request.repeat(in_flight);
        // An answer that is longer than it should be is seen.
        let buffer = vec![0; piece.len() + 1];
        let mut clients = Self { server, load, epoll, connections: Vec::new(), piece, buffer };
        for number in 0..load.connections {
            let connection = clients.open(number)?;
            clients.connections.push(connection);
        }
        Ok(clients)
    }

    fn open(&self, number: usize) -> Result<Connection> {
        let stream = TcpStream::connect(self.server)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN)?;
        Ok(Connection { stream, missing: 0 })
    }

    /// Sends so many requests over all connections, one piece at a time on each, and returns when
    /// every answer is there.
    pub(crate) fn run(&mut self, requests: u64) -> Result<()> {
        let pieces = requests / self.load.in_flight;
        let (mut unsent, mut unanswered) = (pieces, pieces);
        for number in 0..self.connections.len() {
            if unsent > 0 {
                unsent -= 1;
                self.ask(number)?;
            }
        }
        let mut events = Vec::with_capacity(1024);
        while unanswered > 0 {
            if epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&PATIENCE))? == 0 {
                return Err(ErrorKind::TimedOut.into());
            }
            for event in events.drain(..) {
                let number = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
                if !self.connections[number].hear(&self.piece, &mut self.buffer)? {
                    continue;
                }
                unanswered -= 1;
                if unsent > 0 {
                    unsent -= 1;
                    self.ask(number)?;
                }
            }
        }
        Ok(())
    }

    /// A piece is small and the only one, so it fits into the socket's buffer whole. With churn, a
    /// connection is closed for each that is opened: so many of both belong to every run.
    fn ask(&mut self, number: usize) -> Result<()> {
        if self.load.churn {
            self.connections[number] = self.open(number)?;
        }
        let connection = &mut self.connections[number];
        connection.missing = self.piece.len();
        connection.stream.write_all(&self.piece)
    }
}

impl Connection {
    /// Reads what has come of the answer, which is what was sent. Is it complete?
    fn hear(&mut self, sent: &[u8], buffer: &mut [u8]) -> Result<bool> {
        let read = match self.stream.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        if !sent[sent.len() - self.missing..].starts_with(&buffer[..read]) {
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
        net::{Shutdown, TcpListener},
        thread::{self, JoinHandle},
    };

    const PIECES: Echo =
        Echo { connections: 1, requests: 20, size: 32, in_flight: 2, churn: false };

    /// A server that takes so many connections one after the other, hands each byte that it reads to
    /// `f`, and sends what that gives.
    fn serve(connections: usize, f: fn(u8) -> u8) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().unwrap();
                stream.set_nodelay(true).unwrap();
                let mut buffer = [0; 50];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    let answer: Vec<u8> = buffer[..read].iter().map(|byte| f(*byte)).collect();
                    stream.write_all(&answer).unwrap();
                }
            }
        });
        (address, server)
    }

    #[test]
    fn answers_that_come_in_pieces_are_put_together() {
        let (address, server) = serve(1, |byte| byte);
        let mut clients = Clients::connect(address, PIECES).unwrap();
        clients.run(PIECES.requests).unwrap();
        // Nothing was left that the server sends until its end.
        let stream = &mut clients.connections[0].stream;
        stream.set_nonblocking(false).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        drop(clients);
        server.join().unwrap();
    }

    #[test]
    fn another_answer_is_an_error() {
        let (address, server) = serve(1, |byte| byte + 1);
        let mut clients = Clients::connect(address, PIECES).unwrap();
        assert!(clients.run(2).is_err());
        drop(clients);
        server.join().unwrap();
    }

    #[test]
    fn with_churn_every_request_has_a_connection_of_its_own() {
        // One more is open at the beginning.
        let (address, server) = serve(3, |byte| byte);
        let churn = Echo { in_flight: 1, churn: true, ..PIECES };
        let mut clients = Clients::connect(address, churn).unwrap();
        for _ in 0..2 {
            let before = clients.connections[0].stream.local_addr().unwrap();
            clients.run(1).unwrap();
            assert_ne!(clients.connections[0].stream.local_addr().unwrap(), before);
        }
        drop(clients);
        server.join().unwrap();
    }
}
