//! What the system knows of a path.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::Path;

use super::job::on_path;

/// Kind, size, times and permissions of what the path leads to. Links are followed.
///
/// # Errors
///
/// If it is missing, or a directory on the way may not be searched.
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    on_path("look at", path.as_ref().to_owned(), |path| fs::metadata(path)).await
}

/// As [`metadata`], of a link itself.
///
/// # Errors
///
/// As [`metadata`].
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    on_path("look at", path.as_ref().to_owned(), |path| fs::symlink_metadata(path)).await
}

/// Sets the permissions of a file or directory. Links are followed.
///
/// # Errors
///
/// If it is missing or belongs to somebody else.
///
/// # Kill safety
///
/// The work is done all the same; see the [module](super).
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let set = move |path: &Path| fs::set_permissions(path, permissions);
    on_path("set the permissions of", path.as_ref().to_owned(), set).await
}

/// Whether the path leads to something. False for a link that leads nowhere.
///
/// # Errors
///
/// If it cannot be told: a directory on the way may not be searched, or is none.
///
/// # Kill safety
///
/// Nothing is lost: it only looks.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    on_path("look at", path.as_ref().to_owned(), Path::try_exists).await
}
