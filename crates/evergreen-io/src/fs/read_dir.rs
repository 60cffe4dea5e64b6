//! The entries of a directory.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use evergreen_loop::build::poll_budget;
use evergreen_loop::{BlockingJob, EventLoop};
use futures_core::Stream;

use super::job::{on_path, on_pool};
use super::path_error::PathError;
use crate::no_result::no_result;

/// Entries fetched by one job.
const BATCH: usize = 32;

/// Opens a directory to go through its entries, in no order, without `.` and `..`.
///
/// # Errors
///
/// If it is missing, no directory, or may not be read.
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let open = |path: &Path| Ok(Walk { entries: fs::read_dir(path)?, path: path.to_owned() });
    let walk = on_path("read the directory", path.as_ref().to_owned(), open).await?;
    Ok(ReadDir { fetched: VecDeque::new(), state: State::Idle(walk) })
}

/// The entries of a directory, one by one or as a stream.
///
/// They are fetched some at a time. What is made or removed meanwhile may be seen or not.
///
/// ```
/// use evergreen_io::fs;
///
/// evergreen_loop::block_on(async {
///     let mut entries = fs::read_dir("/").await?;
///     let mut directories = 0;
///     while let Some(entry) = entries.next_entry().await? {
///         directories += usize::from(entry.file_type().await?.is_dir());
///     }
///     assert!(directories > 0);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the directory is read as the entries are asked for"]
pub struct ReadDir {
    fetched: VecDeque<io::Result<DirEntry>>,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle(Walk),
    Fetching(BlockingJob<(Walk, VecDeque<io::Result<DirEntry>>)>),
    Ended,
}

#[derive(Debug)]
struct Walk {
    entries: fs::ReadDir,
    path: PathBuf,
}

impl Walk {
    fn fetch(mut self) -> (Self, VecDeque<io::Result<DirEntry>>) {
        let batch = self.entries.by_ref().take(BATCH).map(|entry| match entry {
            Ok(entry) => Ok(DirEntry::new(entry)),
            Err(cause) => {
                Err(PathError::wrap("read the directory", self.path.clone(), None, cause))
            },
        });
        let batch = batch.collect();
        (self, batch)
    }
}

impl ReadDir {
    /// The next entry, or none at the end.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read on. More may be asked for after an error, unless the loop's
    /// threads could not read at all: then this was the end.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: the next call goes on where this one was.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// Polls for the next entry.
    ///
    /// # Errors
    ///
    /// As [`ReadDir::next_entry`].
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        ready!(poll_budget(cx));
        loop {
            if let Some(entry) = self.fetched.pop_front() {
                return Poll::Ready(entry.map(Some));
            }
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Idle(walk) => match EventLoop::current() {
                    Ok(event_loop) => State::Fetching(event_loop.run_blocking(|| walk.fetch())),
                    Err(error) => {
                        self.state = State::Idle(walk);
                        return Poll::Ready(Err(error.into()));
                    },
                },
                State::Fetching(mut job) => match Pin::new(&mut job).poll(cx) {
                    Poll::Ready(fetched) => {
                        let (walk, fetched) = fetched.map_err(no_result)?;
                        self.fetched = fetched;
                        State::after(walk, &self.fetched)
                    },
                    Poll::Pending => {
                        self.state = State::Fetching(job);
                        return Poll::Pending;
                    },
                },
                State::Ended => return Poll::Ready(Ok(None)),
            };
        }
    }
}

impl State {
    /// A batch that is not full was the last one.
    fn after(walk: Walk, batch: &VecDeque<io::Result<DirEntry>>) -> Self {
        if batch.len() < BATCH { Self::Ended } else { Self::Idle(walk) }
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_entry(cx).map(Result::transpose)
    }
}

/// What a directory holds under one name.
#[derive(Clone, Debug)]
pub struct DirEntry {
    entry: Arc<fs::DirEntry>,
    /// Most file systems tell it with the name.
    kind: Option<FileType>,
}

impl DirEntry {
    fn new(entry: fs::DirEntry) -> Self {
        let kind = entry.file_type().ok();
        Self { entry: Arc::new(entry), kind }
    }

    /// The path given to [`read_dir`], with the name.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// The name alone.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// The number of the file in its file system.
    #[must_use]
    pub fn ino(&self) -> u64 {
        self.entry.ino()
    }

    /// Kind, size, times and permissions; of a link itself.
    ///
    /// # Errors
    ///
    /// If it has been removed meanwhile.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it only looks.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.look(fs::DirEntry::metadata).await
    }

    /// Whether it is a file, a directory, a link or something else.
    ///
    /// # Errors
    ///
    /// If the directory did not tell, and it has been removed meanwhile.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it only looks.
    pub async fn file_type(&self) -> io::Result<FileType> {
        match self.kind {
            Some(kind) => Ok(kind),
            None => self.look(fs::DirEntry::file_type).await,
        }
    }

    async fn look<T: Send + 'static>(
        &self,
        f: impl FnOnce(&fs::DirEntry) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let entry = Arc::clone(&self.entry);
        let wrap =
            |entry: &fs::DirEntry, cause| PathError::wrap("look at", entry.path(), None, cause);
        on_pool(move || f(&entry).map_err(|cause| wrap(&entry, cause))).await
    }
}
