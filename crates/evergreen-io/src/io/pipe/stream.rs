//! A stream over a descriptor of yours.

use std::fmt;
use std::os::fd::OwnedFd;

use evergreen_loop::build::Interest;

use crate::io::base_stream::BaseStream;
use crate::io::core::StreamCore;
use crate::io::endpoint::{Descriptor, beside_standard};
use crate::io::error::PipeError;

/// A stream over any descriptor that can be polled: the end of a pipe, of a socket pair, a device.
/// As Python evergreen's `PipeStream`; a clone is another handle of the same.
///
/// Where packets are kept apart, as by a tun device or a socket of `SOCK_SEQPACKET`, each write is one,
/// also if it is held. Reads join them: [`read_some`](BaseStream::read_some) of 64 KiB takes one at
/// a time, if no other read leaves bytes behind. The system cuts off what of one is beyond 64 KiB or
/// what the stream may still hold, and says nothing; an empty one is taken for the end.
///
/// ```
/// use evergreen_io::io::{BaseStream, PipeStream, StreamError};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
/// let (left, right) = (PipeStream::new(), PipeStream::new());
/// left.write(b"written before it is open\n")?;
/// left.open(ours)?;
/// right.open(theirs)?;
/// assert_eq!(right.read_until(b"\n").await?, b"written before it is open\n");
/// # Ok::<(), StreamError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct PipeStream(StreamCore);

impl PipeStream {
    /// A stream that is not open. What is written is held until it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over a descriptor: it is connected at once, and what was written before goes out.
    ///
    /// The descriptor becomes non-blocking, also for others that share its description. It is
    /// closed with the stream, but for the standard ones, 0 to 2, which stay open.
    ///
    /// An end that can only be read from refuses to be written to, and the other way round.
    ///
    /// # Errors
    ///
    /// [`StreamError::AlreadyConnected`](crate::io::StreamError::AlreadyConnected),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed);
    /// [`StreamError::NotWritable`](crate::io::StreamError::NotWritable) if something was written
    /// before. Regular files and directories are refused, which are for [`fs`](crate::fs), and all
    /// else that cannot be polled; what the loop knows already; if this thread has no loop. In each
    /// case the descriptor is closed, but for a standard one, and others that share its description
    /// find that as it was.
    pub fn open(&self, fd: impl Into<OwnedFd>) -> Result<(), PipeError> {
        let fd = beside_standard(fd.into())?;
        self.0.check_new()?;
        let descriptor = Descriptor::taken(fd, Interest::BOTH)?;
        self.0.check_fits(&descriptor)?;
        descriptor.unblock()?;
        Ok(self.0.set_connected(descriptor)?)
    }
}

impl BaseStream for PipeStream {
    type Error = PipeError;

    fn stream_core(&self) -> &StreamCore {
        &self.0
    }
}

impl fmt::Debug for PipeStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PipeStream").field(self.stream_core()).finish()
    }
}
