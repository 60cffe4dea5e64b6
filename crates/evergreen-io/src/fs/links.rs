//! Links, and the paths behind them.

use std::fs;
use std::io;
use std::os::unix;
use std::path::{Path, PathBuf};

use super::job::{on_path, on_paths};

/// The path in full, without links, `.` and `..`.
///
/// # Errors
///
/// If it is missing, a part of it is no directory, or links go round in a circle.
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    on_path("resolve", path.as_ref().to_owned(), |path| fs::canonicalize(path)).await
}

/// Gives a file a second name.
///
/// # Errors
///
/// If `original` is missing or a directory, if `link` exists, if they are on different file systems.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    on_paths("link", original, link, |original, link| fs::hard_link(original, link)).await
}

/// Makes a symbolic link, whether `original` exists or not.
///
/// # Errors
///
/// If `link` exists or its directory is missing or may not be written to.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    on_paths("link", original, link, |original, link| unix::fs::symlink(original, link)).await
}

/// What a symbolic link points to.
///
/// # Errors
///
/// If it is missing or no symbolic link.
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    on_path("read the link", path.as_ref().to_owned(), |path| fs::read_link(path)).await
}
