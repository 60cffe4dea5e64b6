//! The end of a pipe that reads.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use evergreen_loop::build::{Direction, Interest};

use super::check::check;
use super::end::end_of_pipe;
use crate::source::Source;

/// The end of a pipe, or of a FIFO, that bytes are read from.
///
/// It belongs to the loop of the thread that made it, and may be used and dropped on any other.
/// When the last sender is gone and all is read, the stream has ended.
///
/// ```
/// use evergreen_io::pipe::Receiver;
/// use futures_lite::AsyncReadExt;
/// use std::process::{Command, Stdio};
///
/// evergreen_loop::block_on(async {
///     let mut child = Command::new("echo").arg("from a child").stdout(Stdio::piped()).spawn()?;
///     let mut output = Receiver::from_owned_fd(child.stdout.take().expect("piped").into())?;
///     let mut line = String::new();
///     output.read_to_string(&mut line).await?;
///     assert_eq!(line, "from a child\n");
///     child.wait().map(drop)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Receiver {
    source: Source<File>,
}

end_of_pipe!(Receiver, Interest::READABLE, Direction::Read, "reading");

crate::stream::reads!(Receiver);
