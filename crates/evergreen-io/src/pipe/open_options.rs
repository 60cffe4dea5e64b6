//! Opening the ends of a FIFO.

use std::fs::{File, OpenOptions as Std};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use evergreen_loop::build::Direction;

use super::check::{check_path, refusal_at};
use super::{Receiver, Sender};
use crate::in_words::in_words;

/// How an end of a FIFO, a pipe with a name, is opened.
///
/// Opening does not wait for the other end. A receiver may be the first: its reads wait for a sender,
/// and the stream ends when the last of them has gone. A sender needs a receiver that is there
/// already, unless it is opened for both by [`OpenOptions::read_write`].
///
/// ```
/// use evergreen_io::pipe::OpenOptions;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// # let path = std::env::temp_dir().join(format!("evergreen-doc-fifo-{}", std::process::id()));
/// # std::process::Command::new("mkfifo").arg(&path).status()?;
///
/// evergreen_loop::block_on(async {
///     let mut receiver = OpenOptions::new().open_receiver(&path)?;
///     let mut sender = OpenOptions::new().open_sender(&path)?;
///     sender.write_all(b"by name").await?;
///     drop(sender);
///     let mut received = String::new();
///     receiver.read_to_string(&mut received).await?;
///     assert_eq!(received, "by name");
///     # std::io::Result::Ok(())
/// })?;
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    read_write: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// One direction only, and a look at what is opened.
    pub const fn new() -> Self {
        Self { read_write: false, unchecked: false }
    }

    /// Opens the FIFO for reading and writing, on Linux. A sender then needs no receiver, and a
    /// receiver never sees the end of the stream, as there is always a sender: itself.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const fn read_write(&mut self, read_write: bool) -> &mut Self {
        self.read_write = read_write;
        self
    }

    /// Does not look whether the path is a FIFO.
    pub const fn unchecked(&mut self, unchecked: bool) -> &mut Self {
        self.unchecked = unchecked;
        self
    }

    /// Opens a FIFO for reading.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] if there is nothing of this name, [`io::ErrorKind::InvalidInput`]
    /// if it is no FIFO, and what the system says.
    pub fn open_receiver(&self, path: impl AsRef<Path>) -> io::Result<Receiver> {
        Receiver::from_file_unchecked(self.open(path.as_ref(), Direction::Read)?)
    }

    /// Opens a FIFO for writing.
    ///
    /// # Errors
    ///
    /// The system's `ENXIO`, as in tokio, if there is no receiver: wait for one and try again, or
    /// use [`OpenOptions::read_write`]. [`io::ErrorKind::NotFound`] if there is nothing of this name,
    /// [`io::ErrorKind::InvalidInput`] if it is no FIFO, and what the system says.
    pub fn open_sender(&self, path: impl AsRef<Path>) -> io::Result<Sender> {
        Sender::from_file_unchecked(self.open(path.as_ref(), Direction::Write)?)
    }

    fn open(&self, path: &Path, direction: Direction) -> io::Result<File> {
        let file = Std::new()
            .read(self.read_write || direction == Direction::Read)
            .write(self.read_write || direction == Direction::Write)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
            .map_err(|error| self.unopened(path, error))?;
        if !self.unchecked {
            check_path(file.as_fd(), path)?;
        }
        Ok(file)
    }

    /// Names what cannot be opened. That a FIFO has no receiver stays the system's error, to be told
    /// by its number.
    fn unopened(&self, path: &Path, error: io::Error) -> io::Error {
        if let Some(refused) = refusal_at(path).filter(|_| !self.unchecked) {
            return refused;
        }
        let message = match error.kind() {
            io::ErrorKind::NotFound => format!("there is no FIFO {path:?}: make it with mkfifo"),
            _ if error.raw_os_error() == Some(libc::ENXIO) => return error,
            _ => format!("cannot open {path:?}: {error}"),
        };
        in_words(error, message)
    }
}
