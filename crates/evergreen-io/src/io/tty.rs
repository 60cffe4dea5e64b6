//! Terminals.

mod endpoint;
mod former;
mod raw_mode;
mod stream;

pub use former::reset_mode;
pub use stream::TtyStream;
