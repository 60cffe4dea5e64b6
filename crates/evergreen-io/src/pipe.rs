//! Pipes and FIFOs, with tokio's names.
//!
//! Each end of a pipe is a type of its own: [`Sender`] writes, [`Receiver`] reads. [`pipe()`] makes a
//! pair, [`OpenOptions`] opens the ends of a FIFO, and either end is made of a descriptor that is
//! one already.
//!
//! ```
//! use evergreen_io::pipe::pipe;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! evergreen_loop::block_on(async {
//!     let (mut sender, mut receiver) = pipe()?;
//!     sender.write_all(b"through the pipe").await?;
//!     drop(sender);
//!     let mut received = String::new();
//!     receiver.read_to_string(&mut received).await?;
//!     assert_eq!(received, "through the pipe");
//!     # std::io::Result::Ok(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod check;
mod end;
mod open_options;
mod receiver;
mod sender;

use std::io;
use std::os::fd::OwnedFd;

pub use open_options::OpenOptions;
pub use receiver::Receiver;
pub use sender::Sender;

/// Makes a pipe: what is written to the sender is read from the receiver.
///
/// Both ends are closed in programs that this one starts.
///
/// # Errors
///
/// If there are no descriptors left, or this thread has no loop.
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (reader, writer) = non_blocking()?;
    Ok((Sender::owned(writer)?, Receiver::owned(reader)?))
}

#[cfg(target_os = "linux")]
pub(crate) fn non_blocking() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::pipe::{PipeFlags, pipe_with};
    Ok(pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn non_blocking() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
    let (reader, writer) = rustix::pipe::pipe()?;
    for end in [&reader, &writer] {
        fcntl_setfd(end, FdFlags::CLOEXEC)?;
        ioctl_fionbio(end, true)?;
    }
    Ok((reader, writer))
}
