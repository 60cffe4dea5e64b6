//! TCP: a client, a server, and the connections that it accepts.

mod client;
mod connection;
mod names;
mod server;
mod socket;

pub use client::TcpClient;
pub use connection::TcpConnection;
pub use server::TcpServer;
