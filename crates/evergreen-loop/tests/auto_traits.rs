//! Which types may be sent to other threads and shared with them (D-10, R-1).

use evergreen_loop::build::{Interest, Readiness, Registration, TaskEntry, Timer};
use evergreen_loop::{
    BlockingError, BlockingJob, Builder, Delay, ErrorContext, EventLoop, Handler, InvalidDelay,
    KeepAlive, LoopError, LoopExit, LoopRemote, LoopTime, Metrics, RemoteHandler, RunError,
    RunReport, SystemStop, TurnOutcome, Watcher,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

// The loop and what cancels on its thread stay there: D-10, EV-HND-05.
assert_not_impl_any!(EventLoop: Send, Sync);
assert_not_impl_any!(Handler: Send, Sync);
assert_not_impl_any!(KeepAlive: Send, Sync);
assert_not_impl_any!(Watcher: Send, Sync);
assert_not_impl_any!(Builder: Send, Sync);

// What other threads hold: D-10, R-1, R-2.
assert_impl_all!(LoopRemote: Send, Sync, Clone, Unpin);
assert_impl_all!(RemoteHandler: Send, Sync, Clone, Unpin);
assert_impl_all!(BlockingJob<Vec<u8>>: Send, Sync, Unpin);
assert_impl_all!(BlockingJob<std::cell::Cell<u8>>: Send, Sync, Unpin);
assert_not_impl_any!(BlockingJob<std::rc::Rc<u8>>: Send, Sync);
assert_impl_all!(Timer: Send, Sync, Unpin);
assert_impl_all!(Registration: Send, Sync, Unpin);
assert_impl_all!(Readiness<'static>: Send, Sync, Unpin);
assert_impl_all!(TaskEntry: Send);

// Errors and plain values.
assert_impl_all!(LoopError: Send, Sync, std::error::Error);
assert_impl_all!(RunError: Send, Sync, std::error::Error);
assert_impl_all!(LoopExit: Send, Sync, Clone, std::error::Error);
assert_impl_all!(SystemStop: Send, Sync, std::error::Error);
assert_impl_all!(InvalidDelay: Send, Sync, std::error::Error);
assert_impl_all!(BlockingError: Send, Sync, std::error::Error);
assert_impl_all!(ErrorContext: Send, Sync, Clone);
assert_impl_all!(Delay: Send, Sync, Copy);
assert_impl_all!(LoopTime: Send, Sync, Copy, Ord, std::hash::Hash);
assert_impl_all!(Interest: Send, Sync, Copy);
assert_impl_all!(Metrics: Send, Sync, Copy);
assert_impl_all!(RunReport: Send, Sync, Copy);
assert_impl_all!(TurnOutcome: Send, Sync, Copy);
