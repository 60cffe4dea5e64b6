//! Pipes: whatever descriptor moves bytes, and Unix sockets with a name.

mod stream;

pub use stream::PipeStream;
