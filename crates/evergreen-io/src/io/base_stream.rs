//! The methods that all streams have.

use std::borrow::Borrow;
use std::future::Future;

use regex::bytes::Regex;

use super::core::StreamCore;
use super::error::StreamError;

/// A stream: bytes that are held until somebody reads them, or until they are out.
///
/// All methods take `&self`: one task may read while another writes. Several that read are served in
/// the order of their calls. When somebody closes the stream, all who wait for it are told.
///
/// Python evergreen has a base class here. In Rust, a stream of your own holds a [`StreamCore`], gives
/// that its [`Endpoint`](super::Endpoint), and has all of this:
///
/// ```
/// use evergreen_io::io::{BaseStream, StreamCore, StreamError};
/// use evergreen_io::net::UnixStream;
///
/// struct Lines(StreamCore);
///
/// impl BaseStream for Lines {
///     type Error = StreamError;
///
///     fn stream_core(&self) -> &StreamCore {
///         &self.0
///     }
/// }
///
/// evergreen_loop::block_on(async {
///     let (ours, theirs) = UnixStream::pair()?;
///     let ours = Lines(StreamCore::connected(ours));
///     let theirs = Lines(StreamCore::connected(theirs));
///     assert!(ours.write(b"one\ntwo\n")?);
///     assert_eq!(theirs.read_until(b"\n").await?, b"one\n");
///     ours.close();
///     assert_eq!(theirs.read_bytes(100).await?, b"two\n");
///     assert_eq!(theirs.read_bytes(100).await?, b""); // the end
///     assert!(theirs.is_closed());
///     Ok::<(), StreamError>(())
/// })?;
/// # Ok::<(), StreamError>(())
/// ```
pub trait BaseStream {
    /// The errors of its class.
    type Error: From<StreamError>;

    /// What it is made of.
    fn stream_core(&self) -> &StreamCore;

    /// Whether it is closed: by [`close`](Self::close), by an error, or because its peer's end was
    /// told.
    fn is_closed(&self) -> bool {
        self.stream_core().is_closed()
    }

    /// Waits for `n` bytes. If the peer ends before, gives what there is; when nothing is left, an
    /// empty result tells the end once, and closes the stream. What is held is given at once.
    ///
    /// # Errors
    ///
    /// [`StreamError::Zero`], [`StreamError::NotConnected`], [`StreamError::NotReadable`],
    /// [`StreamError::Closed`]; closing the stream, [`StreamError::BufferFull`] and what the system
    /// says.
    ///
    /// # Kill safety
    ///
    /// What has come is there for the next reader.
    fn read_bytes(&self, n: usize) -> impl Future<Output = Result<Vec<u8>, Self::Error>> {
        async move { Ok(self.stream_core().read_bytes(n).await?) }
    }

    /// Waits for bytes, and gives those that are there: `n` at most. The end is told as
    /// [`read_bytes`](Self::read_bytes) tells it.
    ///
    /// # Errors
    ///
    /// As [`read_bytes`](Self::read_bytes).
    ///
    /// # Kill safety
    ///
    /// What has come is there for the next reader.
    fn read_some(&self, n: usize) -> impl Future<Output = Result<Vec<u8>, Self::Error>> {
        async move { Ok(self.stream_core().read_some(n).await?) }
    }

    /// Waits for a delimiter, and gives all up to it, itself being the last. If the peer ends before,
    /// an empty result tells that, and closes the stream: what is left is for
    /// [`take_buffered`](Self::take_buffered). What is held is given at once. No byte is looked at
    /// twice.
    ///
    /// # Errors
    ///
    /// [`StreamError::EmptyDelimiter`], and as [`read_bytes`](Self::read_bytes).
    ///
    /// # Kill safety
    ///
    /// What has come is there for the next reader.
    fn read_until(&self, delimiter: &[u8]) -> impl Future<Output = Result<Vec<u8>, Self::Error>> {
        async move { Ok(self.stream_core().read_until(delimiter).await?) }
    }

    /// As [`read_until`](Self::read_until), up to the end of the first match of a pattern. One that
    /// matches nothing gives an empty result, and takes nothing. All that is held is searched each
    /// time that more has come.
    ///
    /// # Errors
    ///
    /// [`StreamError::Regex`], and as [`read_bytes`](Self::read_bytes).
    ///
    /// # Kill safety
    ///
    /// What has come is there for the next reader.
    fn read_until_regex(
        &self,
        pattern: impl Pattern,
    ) -> impl Future<Output = Result<Vec<u8>, Self::Error>> {
        async move { Ok(self.stream_core().read_until_regex(pattern.regex()?.borrow()).await?) }
    }

    /// Takes what has come and was not read, also once the end was told or the system's error has
    /// closed the stream. After a [`close`](Self::close) that is nothing.
    fn take_buffered(&self) -> Vec<u8> {
        self.stream_core().take_buffered()
    }

    /// Writes what there is room for, and holds the rest, which goes out by itself, in order. True if
    /// all is out. Until it is connected, all is held.
    ///
    /// If what is held cannot be sent, the loop's exception handler is told, and the stream is
    /// closed.
    ///
    /// # Errors
    ///
    /// [`StreamError::BufferFull`], with nothing written, if it came to hold too much if nothing
    /// went out; [`StreamError::NotWritable`]; [`StreamError::Closed`]; [`StreamError::ShutDown`];
    /// closing the stream, what the system says, and if its loop is destroyed and cannot send the rest.
    fn write(&self, bytes: &[u8]) -> Result<bool, Self::Error> {
        Ok(self.stream_core().write(bytes)?)
    }

    /// Waits until all that was written is out, or the stream is closed: see
    /// [`is_closed`](Self::is_closed).
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`], if it was closed before; [`StreamError::NotConnected`], if what was
    /// written is lost because it could not be connected.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    fn flush(&self) -> impl Future<Output = Result<(), Self::Error>> {
        async move { Ok(self.stream_core().flush().await?) }
    }

    /// Waits until all that was written is out, and ends the direction to the peer, who then sees the
    /// end of the stream. Reading goes on; a stream that can only be written to is closed.
    ///
    /// # Errors
    ///
    /// [`StreamError::NotConnected`], [`StreamError::NotWritable`], [`StreamError::Closed`] also if
    /// that happens meanwhile, [`StreamError::ShutDown`] the second time; what the system says.
    ///
    /// # Kill safety
    ///
    /// What was written goes out; the direction stays open.
    fn shutdown(&self) -> impl Future<Output = Result<(), Self::Error>> {
        async move { Ok(self.stream_core().shutdown().await?) }
    }

    /// Closes it at once: what was not out or not read is lost. Closing it again does nothing, and
    /// dropping the last handle does the same.
    fn close(&self) {
        self.stream_core().close();
    }

    /// Whether the stream stays open for writing once its peer has ended. It does not unless told so,
    /// as Python evergreen's; what was written before goes out in any case. If it stays open, each
    /// read behind the end gives an empty result.
    ///
    /// A peer that has ended its side and never reads holds up what was written, and with that the
    /// descriptor, until it goes, or the stream or the server that accepted it is closed. That is so
    /// also when no handle is left. To wait less long, keep it open, and give
    /// [`flush`](Self::flush) a [`timeout`](evergreen_task::timeout) after the end.
    fn keep_open_on_eof(&self, keep: bool) {
        self.stream_core().keep_open_on_eof(keep);
    }

    /// Has it hold fewer bytes than this of each direction; 100 MiB at first. What would come to as
    /// many is [`StreamError::BufferFull`]: so a read of `n` bytes takes a limit above `n`. Until it is
    /// connected, and where packets are kept apart, each write that is held counts 8 bytes more.
    ///
    /// # Errors
    ///
    /// [`StreamError::Zero`].
    fn set_max_buffer(&self, limit: usize) -> Result<(), Self::Error> {
        Ok(self.stream_core().set_max_buffer(limit)?)
    }
}

/// A pattern: a [`Regex`] over bytes, or the text of one, which is compiled at each call.
pub trait Pattern {
    /// Gives the compiled pattern.
    ///
    /// # Errors
    ///
    /// [`StreamError::Regex`].
    fn regex(self) -> Result<impl Borrow<Regex>, StreamError>;
}

impl Pattern for &str {
    fn regex(self) -> Result<impl Borrow<Regex>, StreamError> {
        Regex::new(self).map_err(StreamError::Regex)
    }
}

impl Pattern for &Regex {
    fn regex(self) -> Result<impl Borrow<Regex>, StreamError> {
        Ok(self)
    }
}
