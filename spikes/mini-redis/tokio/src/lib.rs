//! Stands in for tokio: evergreen's loop, tasks, time and sockets by the names that mini-redis and
//! tokio-stream use. It has what those two need and no more. Channels, stream adaptors and macros are
//! tokio's own, since they need no runtime.

pub mod net;
pub mod runtime;
pub mod task;
pub mod time;

pub use real_tokio::{io, pin, select, sync, test};
pub use task::spawn;

/// Signals, of which only ctrl-c is asked for.
pub mod signal {
    pub use evergreen::signal::ctrl_c;
}
