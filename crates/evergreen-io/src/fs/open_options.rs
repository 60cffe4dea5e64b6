//! Files opened with options.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::file::File;
use super::job::on_path;

/// How a file is to be opened. The descriptor is closed in programs that are started.
///
/// ```
/// use evergreen_io::fs::{self, OpenOptions};
/// use futures_lite::AsyncWriteExt;
/// # let path = std::env::temp_dir().join(format!("evergreen-log-{}", std::process::id()));
///
/// evergreen_loop::block_on(async {
///     let mut log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).await?;
///     log.write_all(b"begun\n").await?;
///     log.flush().await?;
///     fs::remove_file(&path).await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(fs::OpenOptions);

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => { $(
        $(#[$doc])*
        pub fn $name(&mut self, $name: $type) -> &mut Self {
            self.0.$name($name);
            self
        }
    )* };
}

impl OpenOptions {
    /// Nothing is allowed yet.
    #[must_use]
    pub fn new() -> Self {
        Self(fs::OpenOptions::new())
    }

    options! {
        /// To be read from.
        read: bool,
        /// To be written to, from its beginning.
        write: bool,
        /// To be written to at its end, wherever that is at the time of each write.
        append: bool,
        /// Emptied first. Needs `write`.
        truncate: bool,
        /// Made if it is missing. Needs `write` or `append`.
        create: bool,
        /// Made, and an error if it exists, in one step. Needs `write` or `append`.
        create_new: bool,
        /// The permissions of a file that is made, from which the umask takes away; 0o666 if not set.
        mode: u32,
        /// Flags of the system's `open` besides, such as `O_NOFOLLOW`.
        custom_flags: i32,
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// If it is missing and may not be made, if it exists and must not, if it may not be opened in
    /// this way, if no descriptor is free; [`io::ErrorKind::InvalidInput`] for options that
    /// contradict each other. Opening a directory to read is no error, but reading it is.
    ///
    /// # Kill safety
    ///
    /// The file is opened, made and emptied all the same, and then closed.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let options = self.0.clone();
        let open = move |path: &Path| options.open(path);
        on_path("open", path.as_ref().to_owned(), open).await.map(File::from_std)
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl From<fs::OpenOptions> for OpenOptions {
    fn from(options: fs::OpenOptions) -> Self {
        Self(options)
    }
}
