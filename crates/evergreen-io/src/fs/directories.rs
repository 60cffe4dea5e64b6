//! Making, removing and renaming what directories hold.

use std::fs;
use std::io;
use std::path::Path;

use super::job::{on_path, on_paths};

/// Makes a directory.
///
/// # Errors
///
/// If something is there already, if the parent is missing or may not be written to.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("create the directory", path.as_ref().to_owned(), |path| fs::create_dir(path)).await
}

/// Makes a directory and all that are missing above it.
///
/// # Errors
///
/// If something else than a directory is in the way, or a parent may not be written to.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("create the directory", path.as_ref().to_owned(), |path| fs::create_dir_all(path)).await
}

/// Removes an empty directory.
///
/// # Errors
///
/// If it is missing, not empty or no directory, or its parent may not be written to.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("remove the directory", path.as_ref().to_owned(), |path| fs::remove_dir(path)).await
}

/// Removes a directory and all that is in it. Links in it are removed, not followed.
///
/// # Errors
///
/// If it is missing or no directory, or something in it cannot be removed; some of it may be gone
/// then.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("remove the directory", path.as_ref().to_owned(), |path| fs::remove_dir_all(path)).await
}

/// Removes a file, or a link to one.
///
/// # Errors
///
/// If it is missing or a directory, or its directory may not be written to.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("remove", path.as_ref().to_owned(), |path| fs::remove_file(path)).await
}

/// Gives a file or directory another name, in place of what has that name.
///
/// # Errors
///
/// If `from` is missing, if they are on different file systems, if only one of them is a directory
/// or the one at `to` is not empty.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    on_paths("rename", from, to, |from, to| fs::rename(from, to)).await
}
