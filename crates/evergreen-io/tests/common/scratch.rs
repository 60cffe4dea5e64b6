//! A directory for the files of one test.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use evergreen_io::fs::File;

/// Removed with all that is in it when this is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("evergreen-io-fs-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a name of our own");
        Self(path)
    }

    /// A file of this content, to read and to write.
    pub(crate) async fn file(&self, bytes: &[u8]) -> File {
        let path = self.join("file");
        std::fs::write(&path, bytes).expect("a directory of ours");
        File::options().read(true).write(true).open(path).await.expect("made just now")
    }

    /// A pipe with a name, open at both ends, so that neither waits for the other.
    #[cfg(target_os = "linux")]
    pub(crate) fn fifo(&self) -> std::fs::File {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let path = self.join("fifo");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).expect("a directory of ours");
        std::fs::File::options().read(true).write(true).open(path).expect("made just now")
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("a directory of ours");
    }
}
