//! TCP, UDP and Unix sockets, with tokio's names.

mod accept;
mod address;
pub(crate) mod bind_error;
mod connect;
mod connection;
mod datagram;
mod halves;
mod kind;
mod listener;
mod pauses;
mod shortage;
pub mod tcp;
mod tcp_listener;
mod tcp_options;
mod tcp_socket;
mod tcp_stream;
mod udp_socket;
pub mod unix;
mod unix_addr;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub(crate) use accept::accept;
#[doc(hidden)]
pub use address::Target;
pub use address::{ToSocketAddrs, lookup_host};
pub use connect::ConnectError;
pub(crate) use pauses::Pauses;
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::TcpStream;
pub(crate) use tcp_stream::begin_to_connect;
pub use udp_socket::UdpSocket;
pub(crate) use unix_addr::{address_of, name as unix_name, peer as unix_peer, system_address};
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
pub use unix_stream::UnixStream;
