//! Whole files at once.

use std::fs;
use std::io;
use std::path::Path;

use super::job::{on_path, on_paths};

/// The content of a file.
///
/// # Errors
///
/// If the file is missing, may not be read, or is a directory.
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    on_path("read", path.as_ref().to_owned(), |path| fs::read(path)).await
}

/// The content of a file that is UTF-8.
///
/// # Errors
///
/// As [`read`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    on_path("read", path.as_ref().to_owned(), |path| fs::read_to_string(path)).await
}

/// Makes a file of this content. What was there before is replaced.
///
/// # Errors
///
/// If the directory is missing or may not be written to, if the path is a directory, if the disk is
/// full or fails; then the file may hold a part of the content.
///
/// # Kill safety
///
/// The file is written all the same; see the [module](super).
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let contents = contents.as_ref().to_owned();
    on_path("write", path.as_ref().to_owned(), move |path| fs::write(path, contents)).await
}

/// Copies the content and the permissions of a file, and tells how many bytes it has.
///
/// # Errors
///
/// If `from` is no file or may not be read, if `to` may not be written to, if the disk is full or
/// fails; then `to` may hold a part of it.
///
/// # Kill safety
///
/// The copy is made all the same; see the [module](super).
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    on_paths("copy", from, to, |from, to| fs::copy(from, to)).await
}
