//! Directories made with options.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::job::on_path;

/// Makes directories, with options.
///
/// ```
/// use evergreen_io::fs::{self, DirBuilder};
/// # let directory = std::env::temp_dir().join(format!("evergreen-made-{}", std::process::id()));
///
/// evergreen_loop::block_on(async {
///     DirBuilder::new().recursive(true).mode(0o700).create(directory.join("mine")).await?;
///     fs::remove_dir_all(&directory).await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    mode: Option<u32>,
}

impl DirBuilder {
    /// One directory, open to everybody as far as the umask of the process lets it.
    #[must_use]
    pub const fn new() -> Self {
        Self { recursive: false, mode: None }
    }

    /// Also makes what is missing above; a directory that exists is no error then.
    pub const fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.recursive = recursive;
        self
    }

    /// The permissions, from which the umask takes away.
    pub const fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    ///
    /// As [`create_dir`](super::create_dir); of a recursive one as
    /// [`create_dir_all`](super::create_dir_all).
    ///
    /// # Kill safety
    ///
    /// The work is done all the same; see the [module](super).
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(self.recursive);
        if let Some(mode) = self.mode {
            builder.mode(mode);
        }
        let create = move |path: &Path| builder.create(path);
        on_path("create the directory", path.as_ref().to_owned(), create).await
    }
}
