//! A client of a pipe with a name.

use std::fmt;
use std::path::Path;
use std::rc::Rc;

use evergreen_sync::locks::Lock;

use crate::io::base_stream::BaseStream;
use crate::io::core::StreamCore;
use crate::io::error::PipeError;
use crate::net::UnixStream;

/// A connection to a [`PipeServer`](crate::io::PipeServer), or to whoever listens on a Unix socket.
/// As Python evergreen's `PipeClient`; a clone is another handle of the same.
///
/// ```
/// use evergreen_io::io::{BaseStream, PipeClient};
///
/// # let path = std::env::temp_dir().join(format!("evergreen-doc-{}.client", std::process::id()));
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let listener = std::os::unix::net::UnixListener::bind(&path)?;
/// let client = PipeClient::new();
/// client.write(b"hello")?;
/// client.connect(&path).await?;
/// client.shutdown().await?;
/// let (mut server, _) = listener.accept()?;
/// assert_eq!(std::io::read_to_string(&mut server)?, "hello");
/// std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct PipeClient(Rc<Client>);

#[derive(Default)]
struct Client {
    core: StreamCore,
    /// Who connects it does so alone.
    connecting: Lock,
}

impl PipeClient {
    /// A client that is not connected. What is written is held until it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects to the server that listens on a path, as [`UnixStream::connect`]. On Linux a path
    /// that begins with a zero byte is an abstract name instead.
    ///
    /// # Errors
    ///
    /// [`StreamError::AlreadyConnected`](crate::io::StreamError::AlreadyConnected);
    /// [`StreamError::Closed`](crate::io::StreamError::Closed), also if that happens meanwhile. If
    /// nobody listens there or the path is none: then the client is closed.
    ///
    /// # Kill safety
    ///
    /// It is not connected, and may be tried again; what was written is kept.
    pub async fn connect(&self, path: impl AsRef<Path>) -> Result<(), PipeError> {
        let Client { core, connecting } = &*self.0;
        let _alone = connecting.lock().await;
        core.check_new()?;
        let connected = core.unless_closed(UnixStream::connect(path)).await?;
        Ok(core.set_connected(connected.inspect_err(|_| core.close())?)?)
    }
}

impl BaseStream for PipeClient {
    type Error = PipeError;

    fn stream_core(&self) -> &StreamCore {
        &self.0.core
    }
}

impl fmt::Debug for PipeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PipeClient").field(self.stream_core()).finish()
    }
}
