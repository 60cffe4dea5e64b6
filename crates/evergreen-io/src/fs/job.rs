//! File work as jobs of the loop's pool.

use std::io;
use std::path::{Path, PathBuf};

use evergreen_loop::EventLoop;

use super::path_error::PathError;
use crate::no_result::no_result;

/// Runs `f` on the pool of this thread's loop.
pub(super) async fn on_pool<T: Send + 'static>(
    f: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let job = EventLoop::current()?.run_blocking(f);
    job.await.unwrap_or_else(|error| Err(no_result(error)))
}

/// Runs `f` on the pool; its error says what could not be done to the path.
pub(super) async fn on_path<T: Send + 'static>(
    doing: &'static str,
    path: PathBuf,
    f: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    on_pool(move || f(&path).map_err(|cause| PathError::wrap(doing, path, None, cause))).await
}

/// As [`on_path`], for what needs two.
pub(super) async fn on_paths<T: Send + 'static>(
    doing: &'static str,
    from: PathBuf,
    to: PathBuf,
    f: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    on_pool(move || f(&from, &to).map_err(|cause| PathError::wrap(doing, from, Some(to), cause)))
        .await
}
