//! A listener that removes the file of its socket when it goes.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{self, Path, PathBuf};
use std::task::{Context, Poll};

use crate::io::server::Listener;
use crate::net::{UnixListener, UnixStream};

pub(in crate::io) struct PipeListener {
    /// Goes before the socket: as long as that is open, no other file can have the number of its.
    _file: Option<SocketFile>,
    socket: UnixListener,
    name: PathBuf,
}

impl PipeListener {
    pub(super) fn bind(name: &Path) -> io::Result<Self> {
        let socket = UnixListener::bind(name)?;
        Ok(Self { _file: SocketFile::at(name), socket, name: name.to_path_buf() })
    }

    pub(super) fn name(&self) -> &Path {
        &self.name
    }
}

impl AsFd for PipeListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Listener for PipeListener {
    type Stream = UnixStream;
    type Names = ();

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, ())>> {
        self.socket.poll_accept(cx).map_ok(|(stream, _)| (stream, ()))
    }

    fn stop_accepting(&self) {
        self.socket.stop_accepting();
    }
}

/// The file of a socket, known by device and number: another may have taken its place by then.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// The file that was made just now; none of an abstract name.
    fn at(name: &Path) -> Option<Self> {
        // The working directory may be another one at the end.
        let path = path::absolute(name).ok()?;
        let identity = identity(&path)?;
        Some(Self { path, identity })
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let file = fs::symlink_metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path) == Some(self.identity) {
            // Nobody is left to be told of an error.
            fs::remove_file(&self.path).ok();
        }
    }
}
