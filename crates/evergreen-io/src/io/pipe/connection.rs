//! A connection that a pipe's server has accepted.

use std::fmt;
use std::rc::Rc;

use super::listener::PipeListener;
use super::server::PipeServer;
use crate::io::base_stream::BaseStream;
use crate::io::core::StreamCore;
use crate::io::error::PipeError;
use crate::io::server::Accepted;

/// A connection that a [`PipeServer`] has accepted. As Python evergreen's `PipeConnection`; a clone
/// is another handle of the same.
#[derive(Clone)]
pub struct PipeConnection(Rc<Accepted<PipeListener>>);

impl PipeConnection {
    pub(super) const fn new(accepted: Rc<Accepted<PipeListener>>) -> Self {
        Self(accepted)
    }

    /// The server that has accepted it; `None` once either is closed.
    pub fn server(&self) -> Option<PipeServer> {
        self.0.server().map(PipeServer)
    }
}

impl BaseStream for PipeConnection {
    type Error = PipeError;

    fn stream_core(&self) -> &StreamCore {
        &self.0.core
    }
}

impl fmt::Debug for PipeConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PipeConnection").field(self.stream_core()).finish()
    }
}
