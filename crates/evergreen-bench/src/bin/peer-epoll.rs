//! No runtime: an echo server over epoll, written by hand, as the measure of what a loop costs.
//!
//! It has what makes such a server fast: edges, so that the kernel looks at a socket once an event,
//! and the end of a stream told by the event, so that a short read needs no second one. One buffer
//! serves all connections; with `--buffers` each has its own, as in the servers on runtimes.

use evergreen_bench::peer::{listener, run_server};
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, EventData, EventFlags},
    io::Errno,
    net::{SocketFlags, acceptfrom_with, sockopt::set_tcp_nodelay},
};
use std::{
    env,
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::{AsRawFd, OwnedFd, RawFd},
};

const EVENTS_PER_WAIT: usize = 1024;

/// Tells of both directions, and of the end.
const ALL: EventFlags =
    EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::ET);

const ENDED: EventFlags = EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR);

struct Server {
    epoll: OwnedFd,
    listener: TcpListener,
    /// By the number of the descriptor.
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
    own_buffers: bool,
}

struct Connection {
    stream: TcpStream,
    /// Its own buffer, if it has one.
    buffer: Option<Vec<u8>>,
    /// What the socket had no room for.
    unsent: Vec<u8>,
}

fn serve(listening: fn(SocketAddr), buffer: usize) {
    let mut server = Server::new(buffer).expect("a listener");
    listening(server.listener.local_addr().expect("its address"));
    server.run().expect("a server that works");
}

impl Server {
    fn new(buffer: usize) -> io::Result<Self> {
        let (epoll, listener) = (epoll::create(epoll::CreateFlags::CLOEXEC)?, listener()?);
        epoll::add(&epoll, &listener, data(&listener), EventFlags::IN | EventFlags::ET)?;
        let own_buffers = env::args().any(|arg| arg == "--buffers");
        let (connections, buffer) = (Vec::new(), vec![0; buffer]);
        Ok(Self { epoll, listener, connections, buffer, own_buffers })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS_PER_WAIT);
        loop {
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {},
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                match usize::try_from(event.data.u64()).map_err(io::Error::other)? {
                    number if number == index(self.listener.as_raw_fd()) => self.accept()?,
                    number => self.echo(number, event.flags),
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let stream = match acceptfrom_with(&self.listener, flags) {
                Ok((stream, _)) => stream,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            set_tcp_nodelay(&stream, true)?;
            epoll::add(&self.epoll, &stream, data(&stream), ALL)?;
            self.keep(stream.into());
        }
    }

    fn keep(&mut self, stream: TcpStream) {
        let number = index(stream.as_raw_fd());
        if self.connections.len() <= number {
            self.connections.resize_with(number + 1, || None);
        }
        let buffer = self.own_buffers.then(|| vec![0; self.buffer.len()]);
        self.connections[number] = Some(Connection { stream, buffer, unsent: Vec::new() });
    }

    /// Closes a connection that has ended; epoll forgets it then.
    fn echo(&mut self, number: usize, flags: EventFlags) {
        let Some(connection) = &mut self.connections[number] else { return };
        let more_tells = !flags.intersects(ENDED);
        match connection.echo(&mut self.buffer, more_tells) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {},
            Ok(true) => {},
            Ok(false) | Err(_) => self.connections[number] = None,
        }
    }
}

impl Connection {
    /// Sends back what is there. False at the end of the stream. `more_tells` says that an event
    /// will come for whatever follows a short read.
    fn echo(&mut self, shared: &mut [u8], more_tells: bool) -> io::Result<bool> {
        send_rest(&mut self.stream, &mut self.unsent)?;
        let buffer = self.buffer.as_deref_mut().unwrap_or(shared);
        loop {
            let read = self.stream.read(buffer)?;
            if read == 0 {
                return Ok(false);
            }
            send(&mut self.stream, &buffer[..read], &mut self.unsent)?;
            if more_tells && read < buffer.len() {
                return Ok(true);
            }
        }
    }
}

/// Keeps what the socket has no room for.
fn send(stream: &mut TcpStream, bytes: &[u8], unsent: &mut Vec<u8>) -> io::Result<()> {
    let sent = match stream.write(bytes) {
        Ok(sent) if sent == bytes.len() => return Ok(()),
        Ok(sent) => sent,
        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
        Err(error) => return Err(error),
    };
    unsent.extend(&bytes[sent..]);
    send_rest(stream, unsent)
}

/// Until nothing is left, or the socket is full.
fn send_rest(stream: &mut TcpStream, unsent: &mut Vec<u8>) -> io::Result<()> {
    while !unsent.is_empty() {
        let sent = stream.write(unsent)?;
        unsent.drain(..sent);
    }
    Ok(())
}

fn data(fd: &impl AsRawFd) -> EventData {
    EventData::new_u64(index(fd.as_raw_fd()) as u64)
}

fn index(fd: RawFd) -> usize {
    usize::try_from(fd).expect("descriptors count from zero")
}

fn main() {
    run_server(serve);
}
