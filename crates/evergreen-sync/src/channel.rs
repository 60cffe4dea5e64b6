//! A channel on which sender and receiver meet.

mod error;
mod meeting;
mod receive;
mod values;

use std::error::Error;
use std::fmt;
use std::rc::Rc;

pub use error::ChannelError;
use meeting::{Meeting, Message};
use receive::Receive;
pub use values::Values;

/// Hands values over one by one, from tasks that wait until theirs was taken to tasks that wait for
/// one. It keeps nothing itself, and does not know whether anybody is at the other end: who sends
/// waits for a receiver however long that takes.
///
/// Clones are the same channel.
///
/// ```
/// use evergreen_sync::channel::Channel;
/// use evergreen_task::spawn;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let channel = Channel::new();
/// let sends = channel.clone();
/// let sender = spawn(async move {
///     for number in 1..=3 {
///         sends.send(number).await; // until it was taken
///     }
///     sends.send_end().await;
/// });
/// let mut sum = 0;
/// while let Some(number) = channel.next().await {
///     sum += number.expect("no error was sent");
/// }
/// assert_eq!(sum, 6);
/// # sender.await.expect("neither killed nor panicked");
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of Python evergreen's `Channel`.
pub struct Channel<T, E = Box<dyn Error>>(Rc<Meeting<T, E>>);

impl<T> Channel<T> {
    /// A channel on which any error may be sent.
    pub fn new() -> Self {
        Self::with_errors()
    }
}

impl<T, E> Channel<T, E> {
    /// A channel on which errors of one type may be sent.
    ///
    /// ```
    /// use evergreen_sync::channel::Channel;
    /// use std::num::ParseIntError;
    ///
    /// let numbers = Channel::<u32, ParseIntError>::with_errors();
    /// # drop(numbers);
    /// ```
    pub fn with_errors() -> Self {
        Self(Rc::new(Meeting::new()))
    }

    /// Sends a value, and waits until it was taken. The receiver goes on first.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed before the value was taken takes it back.
    pub async fn send(&self, value: T) {
        self.0.send(Message::Value(value)).await;
    }

    /// Sends an error, as [`send`](Self::send) does a value. One receiver gets it.
    ///
    /// # Kill safety
    ///
    /// As [`send`](Self::send).
    pub async fn send_error(&self, error: E) {
        self.0.send(Message::Error(error)).await;
    }

    /// Sends the end, as [`send`](Self::send) does a value. It ends the iteration of one receiver, and
    /// does not close the channel.
    ///
    /// # Kill safety
    ///
    /// As [`send`](Self::send).
    pub async fn send_end(&self) {
        self.0.send(Message::End).await;
    }

    /// Waits for a value, and takes it.
    ///
    /// # Errors
    ///
    /// The error that was sent in place of a value; for the end, [`ChannelError::Ended`].
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: a value that was not taken is the next receiver's.
    pub async fn receive(&self) -> Result<T, E>
    where
        E: From<ChannelError>,
    {
        self.next().await.unwrap_or_else(|| Err(ChannelError::Ended.into()))
    }

    /// Waits for a value, and takes it; `None` is the end.
    ///
    /// # Kill safety
    ///
    /// As [`receive`](Self::receive).
    pub async fn next(&self) -> Option<Result<T, E>> {
        Receive::new(&*self.0).await.into_item()
    }

    /// The values and errors up to the end, as a stream.
    ///
    /// ```
    /// use evergreen_sync::channel::Channel;
    /// use evergreen_task::spawn;
    /// use futures_lite::StreamExt;
    ///
    /// # let event_loop = evergreen_loop::EventLoop::new()?;
    /// # event_loop.block_on(async {
    /// let channel = Channel::new();
    /// let letters = channel.stream();
    /// let sender = spawn(async move {
    ///     channel.send('a').await;
    ///     channel.send_end().await;
    /// });
    /// let letters: Vec<_> = letters.map(Result::unwrap).collect().await;
    /// assert_eq!(letters, ['a']);
    /// # sender.await.expect("neither killed nor panicked");
    /// # });
    /// # Ok::<(), evergreen_loop::LoopError>(())
    /// ```
    ///
    /// # Kill safety
    ///
    /// As [`receive`](Self::receive). Once polled, the stream keeps its place among the receivers until
    /// it has a value or is dropped: poll it on, or those behind it may wait for it.
    pub fn stream(&self) -> Values<T, E> {
        Values::new(Rc::clone(&self.0))
    }
}

impl<T, E> Clone for Channel<T, E> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T, E> Default for Channel<T, E> {
    fn default() -> Self {
        Self::with_errors()
    }
}

impl<T, E> fmt::Debug for Channel<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
