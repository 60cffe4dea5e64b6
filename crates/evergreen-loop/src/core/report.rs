//! Where panics end and errors are told (D-7).

use std::any::Any;
use std::fmt::Display;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::Core;
use crate::current;
use crate::error::{ErrorContext, ErrorOrigin};
use crate::slow::SlowWatch;

/// Receives what went wrong in callbacks and tasks.
pub(crate) type ExceptionHandler = Rc<dyn Fn(&ErrorContext)>;

impl Core {
    /// Runs `f`; a panic ends here and is reported.
    pub(crate) fn guarded(&self, context: impl FnOnce() -> ErrorContext, f: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
            self.report(&context().panicked(&*payload));
            drop_payload(payload);
        }
    }

    /// Runs what an entry has to run: guarded, and timed. A panic is not timed: printing it takes
    /// its time.
    pub(crate) fn run_guarded(&self, context: impl Fn() -> ErrorContext, f: impl FnOnce()) {
        self.guarded(&context, || {
            let watch = SlowWatch::begin();
            f();
            watch.end(&context);
        });
    }

    pub(crate) fn set_exception_handler(&self, handler: Option<ExceptionHandler>) {
        let former = self.exception_handler.replace(handler);
        drop(former);
    }

    pub(crate) fn report(&self, context: &ErrorContext) {
        let handler = self.exception_handler.borrow().clone();
        let Some(handler) = handler else { return print(context) };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| handler(context))) {
            print(context);
            print(&ErrorContext::new(ErrorOrigin::ExceptionHandler).panicked(&*payload));
            drop_payload(payload);
        }
    }
}

/// Runs `f`; a panic ends here and is reported to this thread's loop, or printed if it has none.
pub fn guarded(context: impl FnOnce() -> ErrorContext, f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        let context = context().panicked(&*payload);
        match current::core() {
            Some(core) => core.report(&context),
            None => print(&context),
        }
        drop_payload(payload);
    }
}

/// A payload may panic again when it is dropped, and so may that panic's; the third is left alone.
pub fn drop_payload(payload: Box<dyn Any + Send>) {
    let drop_caught = |payload| catch_unwind(AssertUnwindSafe(|| drop(payload)));
    if let Err(third) = drop_caught(payload).or_else(drop_caught) {
        Box::leak(third);
    }
}

/// A standard error that is closed is no reason to fail as well.
pub(crate) fn print(what: &impl Display) {
    writeln!(io::stderr(), "evergreen: {what}").ok();
}
