//! A function that runs when a value is dropped.

use std::fmt;

/// Calls a function when it is dropped.
///
/// ```
/// use evergreen_testing::{OnDrop, Trace};
///
/// let trace = Trace::new();
/// let noting = trace.clone();
/// drop(OnDrop::new(move || noting.note("dropped")));
/// trace.assert_eq(["dropped"]);
/// ```
#[must_use = "the function is called at once if this is not kept"]
pub struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    /// A value that calls `f` when it is dropped.
    pub const fn new(f: F) -> Self {
        Self(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

impl<F: FnOnce()> fmt::Debug for OnDrop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDrop").finish_non_exhaustive()
    }
}
