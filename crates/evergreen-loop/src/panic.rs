//! A panic, as the value that whoever waited for its call is given.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The payload of a panic that ended a task or a call.
///
/// ```
/// use evergreen_loop::Panic;
///
/// let payload = std::panic::catch_unwind(|| panic!("out of tea")).expect_err("it panics");
/// let panic = Panic::new(payload);
/// assert_eq!(panic.to_string(), "out of tea");
/// assert!(panic.into_payload().is::<&str>());
/// ```
pub struct Panic(
    /// Payloads may be sent, but not shared; errors have to be both.
    Mutex<Box<dyn Any + Send>>,
);

impl Panic {
    /// What was caught.
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        Self(Mutex::new(payload))
    }

    /// The payload, to look at or to pass to [`std::panic::resume_unwind`].
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Any + Send>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message of the panic.
impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(message(&**self.lock()))
    }
}

/// What a panic says.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a value that is no text")
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panic({self})")
    }
}
