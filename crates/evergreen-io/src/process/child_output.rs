//! The pipes from a child: receivers as those of `pipe`, under tokio's names.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{self, Stdio};

use rustix::io::ioctl_fionbio;

use crate::pipe::Receiver;
use crate::source::Source;
use crate::stream::reads;

/// How much is read at once at least, when all is read.
const CHUNK: usize = 8 << 10;

/// The pipe from the standard output of a child. It may become the standard input of another.
///
/// ```
/// use std::process::Stdio;
/// use evergreen_io::process::Command;
///
/// evergreen_loop::block_on(async {
///     let mut first = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
///     let pipe: Stdio = first.stdout.take().expect("piped").try_into()?;
///     let output = Command::new("tr").args(["a-z", "A-Z"]).stdin(pipe).output().await?;
///     assert_eq!(output.stdout, b"HELLO\n");
///     first.wait().await.map(drop)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ChildStdout {
    pipe: Receiver,
}

/// The pipe from the standard error of a child, as [`ChildStdout`] is that from its output.
#[derive(Debug)]
pub struct ChildStderr {
    pipe: Receiver,
}

macro_rules! child_output {
    ($($type:ident),*) => { $(
        impl $type {
            /// Takes over a pipe that was made for a child just now.
            pub(super) fn made(pipe: process::$type) -> io::Result<Self> {
                let pipe = OwnedFd::from(pipe);
                ioctl_fionbio(&pipe, true)?;
                Ok(Self { pipe: Receiver::owned(pipe)? })
            }

            /// Takes over the pipe from a child that the standard library has started.
            ///
            /// # Errors
            ///
            /// If it cannot be made non-blocking or registered, or this thread has no loop.
            pub fn from_std(pipe: process::$type) -> io::Result<Self> {
                Ok(Self { pipe: Receiver::from_owned_fd(pipe.into())? })
            }

            /// The descriptor, blocking, as another child expects it.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
                self.pipe.into_blocking_fd()
            }

            const fn source(&self) -> &Source<File> {
                self.pipe.source()
            }

            pub(super) async fn read_all(self) -> io::Result<Vec<u8>> {
                read_to_end(self.source()).await
            }
        }

        reads!(as trait $type);
        reads!(as trait &$type);

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.pipe.as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.pipe.as_raw_fd()
            }
        }

        impl TryFrom<$type> for Stdio {
            type Error = io::Error;

            fn try_from(pipe: $type) -> io::Result<Self> {
                Ok(pipe.into_owned_fd()?.into())
            }
        }
    )* };
}

child_output!(ChildStdout, ChildStderr);

async fn read_to_end(pipe: &Source<File>) -> io::Result<Vec<u8>> {
    let (mut read, mut filled) = (Vec::new(), 0);
    loop {
        if read.len() - filled < CHUNK {
            read.resize(read.len().max(CHUNK) * 2, 0);
        }
        match poll_fn(|cx| pipe.poll_read(cx, &mut read[filled..])).await? {
            0 => break,
            n => filled += n,
        }
    }
    read.truncate(filled);
    Ok(read)
}
