//! What is done with each connection.

use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::rc::Rc;

use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop};
use evergreen_task::spawn;

use crate::io::base_stream::BaseStream;
use crate::io::core::{StreamCore, WeakCore};
use crate::io::error::is_closed;

/// Handles the connections `C` of a server: any closure that gives a future, or a type of yours.
///
/// Python evergreen has a method to override here, which usually starts a task. In Rust the server
/// always starts one: a slow handler keeps nobody from being accepted.
pub trait HandleConnection<C>: 'static {
    /// Handles one connection. It stays open as long as a handle of it does.
    ///
    /// A panic is reported, and closes the connection; so is an error, if the future gives a
    /// `Result`, but for [`StreamError::Closed`](crate::io::StreamError::Closed) once the server is
    /// closed.
    fn handle_connection(&self, connection: C) -> impl Future<Output = impl Outcome> + 'static;
}

impl<C, F, R> HandleConnection<C> for F
where
    F: Fn(C) -> R + 'static,
    R: Future<Output: Outcome> + 'static,
{
    fn handle_connection(&self, connection: C) -> impl Future<Output = impl Outcome> + 'static {
        self(connection)
    }
}

/// What a handler may give: nothing, or a `Result`, also that of a task.
pub trait Outcome: 'static {
    /// The error, if it is one.
    fn error(self) -> Option<Box<dyn Error>>;
}

impl Outcome for () {
    fn error(self) -> Option<Box<dyn Error>> {
        None
    }
}

impl<T: Outcome, E: Into<Box<dyn Error>> + 'static> Outcome for Result<T, E> {
    fn error(self) -> Option<Box<dyn Error>> {
        self.map_or_else(|error| Some(error.into()), Outcome::error)
    }
}

/// Starts the task of a connection. A server that is stopped has its handlers told that all is closed:
/// that is no fault of theirs.
pub(super) fn begin<C: BaseStream + 'static>(
    handler: Rc<impl HandleConnection<C>>,
    connection: C,
    is_stopped: impl Fn() -> bool + 'static,
) {
    drop(spawn(async move {
        let mut unless_done = Closes(Some(connection.stream_core().downgrade()));
        match handler.handle_connection(connection).await.error() {
            None => unless_done.0 = None,
            Some(error) if is_stopped() && is_closed(&*error) => {},
            Some(error) => report(&error),
        }
    }));
}

fn report(error: &dyn Display) {
    if let Some(event_loop) = EventLoop::try_current() {
        let message = format!("a connection was not handled to its end: {error}");
        event_loop.call_exception_handler(&ErrorContext::new(ErrorOrigin::Task).saying(message));
    }
}

/// Closes a connection, though others may hold it, too.
struct Closes(Option<WeakCore>);

impl Drop for Closes {
    fn drop(&mut self) {
        let core = self.0.as_ref().and_then(WeakCore::upgrade);
        core.iter().for_each(StreamCore::close);
    }
}
