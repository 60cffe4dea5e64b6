//! An open file.

mod conversions;
mod dropped;
mod held;
mod sequence;
mod streams;
mod waiting;

use std::fs::{self, Metadata, Permissions};
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::sync::Arc;

use self::sequence::Sequence;
use super::job::on_path;
use super::open_options::OpenOptions;

/// Bytes of one read or write at most, unless set otherwise; as tokio has it.
const LIMIT: usize = 2 << 20;

/// An open file: bytes and a position, by the traits of `futures-io`.
///
/// Each operation is a job of the pool, one after the other; so give it large buffers, or put a
/// `BufReader` or `BufWriter` around it. The bytes go through a buffer of the file's own, which is
/// made by the first operation and grows to the longest.
///
/// A write takes its bytes and is done, while they are on their way, as with tokio. **Flush before the
/// file is dropped**: that waits until the system has them. If it did not take them, the error comes
/// with the next operation, whichever that is, and once; the position then tells how far it came.
///
/// Bytes that a regular file has taken are written whatever comes: if the file is dropped, in its
/// turn; if the loop is destroyed before, at once, by the thread that does so; and a thread does not
/// end before that is done for the files that were dropped on it. Only their error is lost.
///
/// # Kill safety
///
/// A read, write or seek whose future is dropped loses nothing, through the stream traits or their
/// adapters for one call. What the read had fetched is there for the next one, the write has taken
/// no bytes, the seek has not moved the position. An operation that is under way runs on, and the
/// next one waits for it.
///
/// It may be sent to other threads that have a loop, and be used there.
///
/// # What is no regular file
///
/// A pipe or a terminal can be read too, but a read that waits for a peer keeps a thread of the pool,
/// and the loop alive, until it comes. [`pipe`](crate::pipe), [`stdio`](crate::stdio) and
/// [`AsyncFd`](crate::AsyncFd) wait for those without a thread.
///
/// ```
/// use evergreen_io::fs::{self, File};
/// use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
/// use std::io::SeekFrom;
/// # let path = std::env::temp_dir().join(format!("evergreen-file-{}", std::process::id()));
///
/// evergreen_loop::block_on(async {
///     let mut file = File::options().read(true).write(true).create_new(true).open(&path).await?;
///     file.write_all(b"evergreen").await?;
///     file.seek(SeekFrom::Start(4)).await?;
///     let mut word = String::new();
///     file.read_to_string(&mut word).await?;
///     assert_eq!(word, "green");
///     fs::remove_file(&path).await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct File(Arc<Sequence>);

impl Drop for File {
    fn drop(&mut self) {
        if self.0.is_at_work() {
            dropped::remember(&self.0);
        }
    }
}

impl File {
    /// Opens a file to read it.
    ///
    /// # Errors
    ///
    /// As [`OpenOptions::open`].
    ///
    /// # Kill safety
    ///
    /// The file is opened all the same, and closed.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        on_path("open", path.as_ref().to_owned(), |path| fs::File::open(path))
            .await
            .map(Self::from_std)
    }

    /// Opens a file to write to it; made if it is missing, emptied if not.
    ///
    /// # Errors
    ///
    /// As [`OpenOptions::open`].
    ///
    /// # Kill safety
    ///
    /// The file is made or emptied all the same, and closed.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        on_path("create", path.as_ref().to_owned(), |path| fs::File::create(path))
            .await
            .map(Self::from_std)
    }

    /// Makes a file, to read and to write.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if there is something; else as [`OpenOptions::open`].
    ///
    /// # Kill safety
    ///
    /// The file is made all the same, and closed.
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        on_path("create", path.as_ref().to_owned(), |path| fs::File::create_new(path))
            .await
            .map(Self::from_std)
    }

    /// Options to open a file with.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Takes over a file of the standard library.
    #[must_use]
    pub fn from_std(file: fs::File) -> Self {
        Self(Arc::new(Sequence::new(file, LIMIT)))
    }

    /// Gives the file back to the standard library, when what is under way is done.
    ///
    /// An error of bytes that were taken before is lost: flush first.
    ///
    /// # Kill safety
    ///
    /// The file is closed.
    pub async fn into_std(mut self) -> fs::File {
        loop {
            drop(poll_fn(|cx| self.0.poll_flush(cx)).await);
            match self.try_into_std() {
                Ok(file) => return file,
                Err(file) => self = file,
            }
        }
    }

    /// Gives the file back to the standard library.
    ///
    /// # Errors
    ///
    /// The file itself, if an operation is under way. An error of bytes that were taken before is lost:
    /// flush first.
    pub fn try_into_std(self) -> Result<fs::File, Self> {
        if !self.0.try_settle() {
            return Err(self);
        }
        let file = Arc::clone(&self.0);
        drop(self);
        Arc::try_unwrap(file).map(Sequence::into_file).map_err(Self)
    }

    /// Waits until all that was written is on the disk, with size, times and permissions.
    ///
    /// # Errors
    ///
    /// If it is not: also what was written earlier may be what failed.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it goes on.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.0.run(fs::File::sync_all).await
    }

    /// Waits until the content that was written is on the disk; of the rest only what is needed to
    /// read it.
    ///
    /// # Errors
    ///
    /// As [`File::sync_all`].
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it goes on.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.0.run(fs::File::sync_data).await
    }

    /// Cuts the file off, or fills it up with zeros. The position stays.
    ///
    /// # Errors
    ///
    /// If it is not open to be written to, or the system has no room.
    ///
    /// # Kill safety
    ///
    /// It is done all the same, unless something else was under way.
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        self.0.run(move |file| file.set_len(size)).await
    }

    /// Kind, size, times and permissions.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it only looks.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.0.run(fs::File::metadata).await
    }

    /// Sets the permissions.
    ///
    /// # Errors
    ///
    /// If the file belongs to somebody else.
    ///
    /// # Kill safety
    ///
    /// It is done all the same, unless something else was under way.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.0.run(move |file| file.set_permissions(permissions)).await
    }

    /// A second handle to the file. They share one position.
    ///
    /// # Errors
    ///
    /// If no descriptor is free.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: the second handle is closed.
    pub async fn try_clone(&self) -> io::Result<Self> {
        let file = self.0.run(fs::File::try_clone).await?;
        Ok(Self(Arc::new(Sequence::new(file, self.max_buf_size()))))
    }

    /// How many bytes one read or write takes at most.
    #[must_use]
    pub fn max_buf_size(&self) -> usize {
        self.0.limit()
    }

    /// Sets how many bytes one read or write takes at most; one at least. At first it is 2 MiB.
    pub fn set_max_buf_size(&mut self, size: usize) {
        self.0.set_limit(size.max(1));
    }
}
