//! A server of a pipe with a name.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::connection::PipeConnection;
use super::listener::PipeListener;
use crate::io::error::PipeError;
use crate::io::server::{HandleConnection, ServerCore, server};

/// A server on a Unix socket that has each connection handled in a task of its own. As Python
/// evergreen's `PipeServer`; a clone is another handle of the same, and dropping the last one closes
/// it.
///
/// ```
/// use evergreen_io::io::{BaseStream, PipeClient, PipeConnection, PipeServer};
/// use evergreen_task::spawn;
///
/// # let path = std::env::temp_dir().join(format!("evergreen-doc-{}.pipe", std::process::id()));
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let server = PipeServer::new(async |client: PipeConnection| -> Result<(), _> {
///     client.write(&client.read_until(b"\n").await?)?;
///     client.flush().await
/// });
/// server.bind(&path)?;
/// let serving = spawn({ let server = server.clone(); async move { server.serve().await } });
///
/// let client = PipeClient::new();
/// client.connect(&path).await?;
/// client.write(b"through the pipe\n")?;
/// assert_eq!(client.read_until(b"\n").await?, b"through the pipe\n");
/// server.close();
/// assert!(!path.exists());
/// serving.await.expect("no panic")
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PipeServer(pub(super) Rc<ServerCore<PipeListener>>);

impl PipeServer {
    /// A server that is not bound. Each connection is given to `handler`.
    pub fn new(handler: impl HandleConnection<PipeConnection>) -> Self {
        Self(ServerCore::handling(handler, PipeConnection::new))
    }

    /// Binds it to a path, and listens there: a file is made, which goes when the server is closed.
    /// Connections wait until it [serves](Self::serve). On Linux a path that begins with a zero byte
    /// is an abstract name instead, which has no file.
    ///
    /// The file stays if the process ends before the server is closed, or somebody has put another
    /// one in its place.
    ///
    /// # Errors
    ///
    /// [`StreamError::AlreadyBound`](crate::io::StreamError::AlreadyBound),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed); if the path exists, also where nobody
    /// listens any more: nothing is removed to make room. If the path is too long or has a zero byte
    /// inside, lies in no directory, or is forbidden; if this thread has no loop.
    pub fn bind(&self, path: impl AsRef<Path>) -> Result<(), PipeError> {
        self.0.check_unbound()?;
        self.0.bound(PipeListener::bind(path.as_ref())?);
        Ok(())
    }

    /// The path or abstract name, as it was bound; `None` before, and once it is closed.
    pub fn pipename(&self) -> Option<PathBuf> {
        self.0.listener().ok().map(|listener| listener.name().to_path_buf())
    }
}

server!(PipeServer, PipeConnection, PipeError, UnixListener);
