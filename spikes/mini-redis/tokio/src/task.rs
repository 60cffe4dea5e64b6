//! Tasks whose futures and handles may cross threads.

use evergreen::{EventLoop, RemoteTasks};

pub use evergreen::RemoteTask as JoinHandle;

/// Starts a task on this thread's loop, as if it came from another thread: it must be `Send`, and so
/// is its handle.
///
/// # Panics
///
/// If this thread has no loop.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let event_loop = EventLoop::try_current().expect("no runtime on this thread");
    event_loop.remote().spawn_from_thread(future).expect("the loop is not destroyed")
}
