//! The loop of one test.

use std::ops::Deref;

use evergreen_loop::EventLoop;

/// A loop that is destroyed when this is dropped, so that nothing of it outlives its test.
///
/// ```
/// use evergreen_testing::TestLoop;
///
/// let event_loop = TestLoop::new();
/// assert_eq!(event_loop.block_on(async { 42 }), 42);
/// ```
#[derive(Debug)]
pub struct TestLoop(EventLoop);

impl TestLoop {
    /// The loop of this thread, made now.
    ///
    /// # Panics
    ///
    /// If this thread has one, or the system has no descriptors left.
    #[track_caller]
    #[expect(
        clippy::new_without_default,
        reason = "a thread has one loop: none is made in passing"
    )]
    pub fn new() -> Self {
        Self(EventLoop::new().unwrap_or_else(|error| panic!("no loop for the test: {error}")))
    }

    /// The same, in virtual time.
    ///
    /// # Panics
    ///
    /// As [`TestLoop::new`].
    #[track_caller]
    pub fn with_virtual_time() -> Self {
        let event_loop = EventLoop::builder().virtual_time().build();
        Self(event_loop.unwrap_or_else(|error| panic!("no loop for the test: {error}")))
    }

    /// A loop that was made with other options.
    pub const fn of(event_loop: EventLoop) -> Self {
        Self(event_loop)
    }
}

impl Deref for TestLoop {
    type Target = EventLoop;

    fn deref(&self) -> &EventLoop {
        &self.0
    }
}

impl Drop for TestLoop {
    fn drop(&mut self) {
        // A test may have done so itself.
        self.0.destroy().ok();
    }
}
