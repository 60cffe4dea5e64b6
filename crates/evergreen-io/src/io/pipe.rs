//! Pipes: a client, a server, and the connections that it accepts, on Unix sockets; streams over any
//! descriptor.

mod client;
mod connection;
mod listener;
mod server;
mod stream;

pub use client::PipeClient;
pub use connection::PipeConnection;
pub use server::PipeServer;
pub use stream::PipeStream;
