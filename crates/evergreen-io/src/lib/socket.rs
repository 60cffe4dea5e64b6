//! `socket`: sockets as Python has them, numbers included; each call parks its task only.
//!
//! The names are those of Rust, Python's are aliases of the documentation. Flags of `recv` and
//! `send`, `recvmsg` and what else depends on them are absent.
//!
//! ```
//! use evergreen_io::lib::socket::{self, Socket};
//! use evergreen_task::spawn;
//!
//! evergreen_loop::block_on(async {
//!     let listener = Socket::new(socket::AF_INET, socket::SOCK_STREAM, 0)?;
//!     listener.bind(("127.0.0.1", 0))?;
//!     listener.listen(5)?;
//!     let address = listener.local_addr()?;
//!     let server = spawn(async move {
//!         let (client, _) = listener.accept().await?;
//!         client.send_all(&client.recv(100).await?).await
//!     });
//!     let client = Socket::new(socket::AF_INET, socket::SOCK_STREAM, 0)?;
//!     client.set_timeout(Some(5.0.into()))?;
//!     client.connect(address).await?;
//!     client.send_all(b"hello").await?;
//!     assert_eq!(client.recv(100).await?, b"hello");
//!     server.await.expect("no panic")
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod address;
mod bad_descriptor;
mod calls;
mod connect;
mod file;
mod limit;
mod names;
mod options;
mod plain;
mod side;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use evergreen_loop::Delay;
use evergreen_loop::build::Direction;
use socket2::{Domain, Protocol, Type};

pub use self::address::Address;
pub use self::bad_descriptor::BadDescriptor;
pub use self::file::SocketFile;
pub use self::limit::{default_timeout, set_default_timeout};
pub use self::names::{create_connection, gethostbyname, gethostbyname_ex};
use self::side::Side;
#[doc(inline)]
pub use crate::resolve::{AddrInfo, Query, ResolveError, getaddrinfo, getnameinfo};
pub use libc::{
    AF_INET, AF_INET6, AF_UNIX, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, IPV6_V6ONLY,
    SO_BROADCAST, SO_ERROR, SO_KEEPALIVE, SO_RCVBUF, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF,
    SO_TYPE, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, SOMAXCONN, TCP_NODELAY,
};

/// A socket. A clone is another handle of the same; dropping the last one closes it.
///
/// Below, the descriptor never blocks: what waits is the task, until the time that
/// [`set_timeout`](Self::set_timeout) gives. One task may wait to read from it and one to write to
/// it; another one has an error at once. The loop watches the descriptor only meanwhile, so
/// [`select`](crate::lib::select::select) may do so at other times.
#[derive(Clone)]
pub struct Socket(Rc<Inner>);

struct Inner {
    /// None once it is closed.
    io: RefCell<Option<socket2::Socket>>,
    protocol: i32,
    limit: Cell<Option<Duration>>,
    sides: [Side; 2],
}

/// How sockets are made.
impl Socket {
    /// A socket of a family and a kind, such as [`AF_INET`] and [`SOCK_STREAM`]. Protocol 0 is the
    /// usual one.
    ///
    /// # Errors
    ///
    /// What the system says: it has no such sockets, or no descriptors left.
    pub fn new(family: i32, kind: i32, protocol: i32) -> io::Result<Self> {
        let chosen = Some(protocol).filter(|&number| number != 0).map(Protocol::from);
        Self::around(
            socket2::Socket::new(Domain::from(family), Type::from(kind), chosen)?,
            protocol,
        )
    }

    /// A socket of its own for a duplicate of a descriptor. It makes both non-blocking.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is no socket; if there are no descriptors left.
    #[doc(alias = "fromfd")]
    pub fn from_fd(fd: impl AsFd) -> io::Result<Self> {
        Self::from_owned_fd(fd.as_fd().try_clone_to_owned()?)
    }

    /// A socket that takes a descriptor over.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is no socket.
    pub fn from_owned_fd(fd: OwnedFd) -> io::Result<Self> {
        let io = socket2::Socket::from(fd);
        if let Err(error) = io.r#type() {
            let message = format!("descriptor {} is no socket: {error}", io.as_raw_fd());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Self::around(io, 0)
    }

    fn around(io: socket2::Socket, protocol: i32) -> io::Result<Self> {
        io.set_nonblocking(true)?;
        let limit = Cell::new(default_timeout());
        let sides = Default::default();
        Ok(Self(Rc::new(Inner { io: Some(io).into(), protocol, limit, sides })))
    }

    /// Another socket for the same connection, with a descriptor and a limit of its own.
    ///
    /// # Errors
    ///
    /// [`BadDescriptor`]; if there are no descriptors left.
    pub fn dup(&self) -> io::Result<Self> {
        Self::around(self.with(socket2::Socket::try_clone)?, self.0.protocol)
    }

    /// The socket as a file, to be read and written by the stream traits, in lines with a buffered
    /// reader.
    ///
    /// # Errors
    ///
    /// [`BadDescriptor`]; if there are no descriptors left, or this thread has no loop.
    #[doc(alias = "makefile")]
    pub fn make_file(&self) -> io::Result<SocketFile> {
        SocketFile::new(self.with(socket2::Socket::try_clone)?.into())
    }
}

/// Two sockets that are connected with each other.
///
/// # Errors
///
/// What the system says: most know only [`AF_UNIX`] here.
pub fn socketpair(family: i32, kind: i32, protocol: i32) -> io::Result<(Socket, Socket)> {
    let chosen = Some(protocol).filter(|&number| number != 0).map(Protocol::from);
    let (one, other) = socket2::Socket::pair(Domain::from(family), Type::from(kind), chosen)?;
    Ok((Socket::around(one, protocol)?, Socket::around(other, protocol)?))
}

/// Its limit and its end.
impl Socket {
    /// How long each call may take: as long as it needs if there is no limit.
    #[doc(alias = "gettimeout")]
    pub fn timeout(&self) -> Option<Duration> {
        self.0.limit.get()
    }

    /// How long each call may take before it is an error of the kind
    /// [`TimedOut`](io::ErrorKind::TimedOut). With zero, a call that would wait is an error of the
    /// kind [`WouldBlock`](io::ErrorKind::WouldBlock) at once. With none it waits. Calls that wait
    /// already keep theirs.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is negative. What is no number is refused by
    /// [`Delay::from_secs`].
    #[doc(alias = "settimeout")]
    pub fn set_timeout(&self, limit: Option<Delay>) -> io::Result<()> {
        self.0.limit.set(limit::checked(limit)?);
        Ok(())
    }

    /// True for no limit, false for a limit of zero.
    #[doc(alias = "setblocking")]
    pub fn set_blocking(&self, blocking: bool) {
        self.0.limit.set(if blocking { None } else { Some(Duration::ZERO) });
    }

    /// Ends directions of the connection. A task that waits for one of them has an error,
    /// [`BadDescriptor::ShutDownMeanwhile`].
    ///
    /// # Errors
    ///
    /// What the system says: it is not connected.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let done = self.with(|io| io.shutdown(how));
        // A datagram socket without a peer says that it has none, and is shut down all the same.
        let all_the_same = |error: &io::Error| {
            error.kind() == io::ErrorKind::NotConnected && self.kind().ok() != Some(SOCK_STREAM)
        };
        if !done.as_ref().err().is_none_or(all_the_same) {
            return done;
        }
        let ended: &[Side] = match how {
            Shutdown::Read => &self.0.sides[..1],
            Shutdown::Write => &self.0.sides[1..],
            Shutdown::Both => &self.0.sides,
        };
        ended.iter().for_each(|side| side.end(BadDescriptor::ShutDownMeanwhile));
        done
    }

    /// Closes it, also for all other handles. A task that waits for it has an error,
    /// [`BadDescriptor::ClosedMeanwhile`]. Closing it again does nothing.
    pub fn close(&self) {
        // Nothing here watches the number by the time that others may get it.
        self.0.sides.iter().for_each(|side| side.end(BadDescriptor::ClosedMeanwhile));
        drop(self.0.io.take());
    }

    /// Makes a call on the socket.
    fn with<R>(&self, call: impl FnOnce(&socket2::Socket) -> io::Result<R>) -> io::Result<R> {
        call(self.0.io.borrow().as_ref().ok_or(BadDescriptor::Closed)?)
    }

    fn check_open(&self) -> io::Result<()> {
        self.with(|_| Ok(()))
    }

    fn side(&self, direction: Direction) -> &Side {
        &self.0.sides[direction as usize]
    }
}

impl AsRawFd for Socket {
    /// The number of the descriptor; -1 once it is closed, as Python's `fileno`.
    fn as_raw_fd(&self) -> RawFd {
        self.0.io.borrow().as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("fd", &self.as_raw_fd())
            .field("timeout", &self.timeout())
            .finish_non_exhaustive()
    }
}
