//! A loop as the object that owns it.

use std::io;

use evergreen::EventLoop;

use crate::time::PausableClock;

/// Makes a [`Runtime`].
#[derive(Debug)]
pub struct Builder(());

impl Builder {
    /// A loop for this thread, the only kind there is.
    pub fn new_current_thread() -> Self {
        Self(())
    }

    /// Sockets and time, which are there in any case.
    pub fn enable_all(&mut self) -> &mut Self {
        self
    }

    /// Makes the loop, which is this thread's from now on.
    ///
    /// # Errors
    ///
    /// If this thread has one, or the system has no descriptors left.
    pub fn build(&mut self) -> io::Result<Runtime> {
        Ok(Runtime(EventLoop::builder().clock(PausableClock::default()).build()?))
    }
}

/// Owns a loop, which is destroyed when this is dropped. It stays on its thread.
#[derive(Debug)]
pub struct Runtime(EventLoop);

impl Runtime {
    /// Runs a future to its end.
    ///
    /// # Panics
    ///
    /// As evergreen's.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // What is dropped inside its own loop leaves it to the thread's end.
        self.0.destroy().ok();
    }
}
