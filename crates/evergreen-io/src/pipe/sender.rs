//! The end of a pipe that writes.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use evergreen_loop::build::{Direction, Interest};

use super::check::check;
use super::end::end_of_pipe;
use crate::source::Source;

/// The end of a pipe, or of a FIFO, that bytes are written to.
///
/// It belongs to the loop of the thread that made it, and may be used and dropped on any other.
/// When the last sender is dropped, the receiver sees the end of the stream. Once there is no
/// receiver, a write is an error of the kind [`io::ErrorKind::BrokenPipe`].
///
/// Up to `PIPE_BUF` bytes (4,096 on Linux) are written as one piece, beside other writers. Closing
/// by [`AsyncWrite::poll_close`](futures_io::AsyncWrite::poll_close) does nothing: the end is closed when it is dropped.
///
/// ```
/// use evergreen_io::pipe::{Receiver, Sender};
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// evergreen_loop::block_on(async {
///     let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
///     let no_pipe = Sender::from_owned_fd(ours.into());
///     assert_eq!(no_pipe.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
///     # drop(theirs);
///     let (mut sender, receiver) = evergreen_io::pipe::pipe()?;
///     drop(receiver);
///     let error = sender.write_all(b"lost").await.unwrap_err();
///     assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
///     # std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Sender {
    source: Source<File>,
}

end_of_pipe!(Sender, Interest::WRITABLE, Direction::Write, "writing");

impl Sender {
    /// There is no half of a pipe to end: it ends when it is dropped.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as other streams have it")]
    const fn end(&self) -> io::Result<()> {
        Ok(())
    }
}

crate::stream::writes!(Sender);
