//! Files and directories, by the names of `tokio::fs`.
//!
//! A regular file cannot be polled: the system says that it is always ready and then lets the thread
//! wait for the disk. So each operation is a job for the thread pool of the loop (see
//! [`EventLoop::run_blocking`](evergreen_loop::EventLoop::run_blocking)), and only the task that asks
//! waits. Everything here must be awaited on a thread that has a loop; many small operations are
//! best made one job of your own, with `std::fs` inside.
//!
//! ```
//! use evergreen_io::fs;
//! # let directory = std::env::temp_dir().join(format!("evergreen-fs-{}", std::process::id()));
//!
//! evergreen_loop::block_on(async {
//!     fs::create_dir_all(directory.join("a/b")).await?;
//!     fs::write(directory.join("a/word"), "evergreen").await?;
//!     assert_eq!(fs::read_to_string(directory.join("a/word")).await?, "evergreen");
//!     fs::remove_dir_all(&directory).await
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Errors
//!
//! What takes a path says in its error what it could not do to which path: a [`PathError`] inside
//! the [`io::Error`](std::io::Error). Its [`kind`](std::io::Error::kind) is the system's, its
//! `raw_os_error` is `None`, since an `io::Error` holds a number or a text, never both:
//! [`PathError::of`] gives the number back. What works on an open [`File`] knows no path, and gives
//! the error of the system as it is.
//!
//! Besides, everything here fails if this thread has no loop, or if that is destroyed or cannot make
//! a thread before the job has begun.
//!
//! # Kill safety
//!
//! A job that was queued is not taken back. When the task that waits for a function of this module
//! is killed, the function still does its work, all of it, and nobody hears of its outcome. The
//! loop is alive until then.

mod contents;
mod dir_builder;
mod directories;
mod file;
mod job;
mod links;
mod metadata;
mod open_options;
mod path_error;
mod read_dir;

pub use contents::{copy, read, read_to_string, write};
pub use dir_builder::DirBuilder;
pub use directories::{
    create_dir, create_dir_all, remove_dir, remove_dir_all, remove_file, rename,
};
pub use file::File;
pub use links::{canonicalize, hard_link, read_link, symlink};
pub use metadata::{metadata, set_permissions, symlink_metadata, try_exists};
pub use open_options::OpenOptions;
pub use path_error::PathError;
pub use read_dir::{DirEntry, ReadDir, read_dir};
