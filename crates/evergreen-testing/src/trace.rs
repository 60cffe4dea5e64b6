//! What happened, in order.

use std::fmt::{self, Display};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evergreen_loop::{ErrorContext, EventLoop};

use crate::diff::diff;
use crate::on_drop::OnDrop;

/// A list of words that callbacks, tasks, destructors and threads add to, for one comparison with
/// the whole list that was expected.
///
/// Clones write to the same list.
///
/// ```
/// use evergreen_loop::EventLoop;
/// use evergreen_testing::Trace;
///
/// let event_loop = EventLoop::new()?;
/// let trace = Trace::new();
/// event_loop.call_later(0.001, trace.noting("later"));
/// event_loop.call_soon(trace.noting("soon"));
/// event_loop.run()?;
/// trace.assert_eq(["soon", "later"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same list, to which what `event_loop` reports from now on is added instead of printed:
    /// the origin of each error, and its message.
    #[must_use = "this is the list"]
    pub fn of_errors(self, event_loop: &EventLoop) -> Self {
        let trace = self.clone();
        event_loop.set_exception_handler(move |context: &ErrorContext| {
            trace.note(format_args!("{:?}: {}", context.origin(), context.message()));
        });
        self
    }

    /// Adds a word.
    pub fn note(&self, word: impl Display) {
        let word = word.to_string();
        self.words().push(word);
    }

    /// A callback that adds `word`.
    pub fn noting(&self, word: impl Display) -> Box<dyn FnMut() + Send> {
        let (trace, word) = (self.clone(), word.to_string());
        Box::new(move || trace.note(&word))
    }

    /// A value that adds `word` when it is dropped.
    pub fn on_drop(&self, word: impl Display) -> OnDrop<Box<dyn FnMut() + Send>> {
        OnDrop::new(self.noting(word))
    }

    /// How often `word` stands in the list.
    pub fn count(&self, word: &str) -> usize {
        self.words().iter().filter(|noted| *noted == word).count()
    }

    /// Takes the list out; the next begins empty.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.words())
    }

    /// Takes the list out and compares it with `expected`.
    ///
    /// # Panics
    ///
    /// If they differ. The message shows both lists as one: `-` before what is missing, `+` before
    /// what came instead.
    #[track_caller]
    pub fn assert_eq<const N: usize>(&self, expected: [&str; N]) {
        let words = self.take();
        assert!(words == expected, "the trace is another one:\n{}", diff(&expected, &words));
    }

    fn words(&self) -> MutexGuard<'_, Vec<String>> {
        // A word is added whole or not at all, also by a thread that panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.words()).finish()
    }
}
