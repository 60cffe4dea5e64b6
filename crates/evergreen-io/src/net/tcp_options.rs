//! The options of TCP sockets, each written once.

use std::io;
use std::time::Duration;

use socket2::Socket;

/// The two methods of an option, for a type that is `AsFd`.
macro_rules! option {
    (nodelay) => {
        option!(
            "whether small writes go out at once (`TCP_NODELAY`).",
            nodelay: bool = socket2::Socket::tcp_nodelay,
            set_nodelay = socket2::Socket::set_tcp_nodelay
        );
    };
    (linger) => {
        option!(
            "how long closing waits for what is unsent (`SO_LINGER`), in whole seconds rounded up. \
             Zero throws it away and resets the connection. More has the thread that drops the \
             socket wait in the system, and all its tasks with it.",
            linger: Option<std::time::Duration> = socket2::Socket::linger,
            set_linger = crate::net::tcp_options::set_linger
        );
    };
    (ttl) => {
        option!(
            "how many routers a packet may pass (`IP_TTL`, `IPV6_UNICAST_HOPS`).",
            ttl: u32 = crate::net::tcp_options::ttl,
            set_ttl = crate::net::tcp_options::set_ttl
        );
    };
    (tos) => {
        option!(
            "the type of service in each packet (`IP_TOS`, `IPV6_TCLASS`).",
            tos: u32 = crate::net::tcp_options::tos,
            set_tos = crate::net::tcp_options::set_tos
        );
    };
    (quickack) => {
        option!(
            "whether what comes is acknowledged at once (`TCP_QUICKACK`). The system may turn it \
             off again by itself.",
            quickack: bool = socket2::Socket::tcp_quickack,
            set_quickack = socket2::Socket::set_tcp_quickack
        );
    };
    (keepalive) => {
        option!(
            "whether an idle connection is probed (`SO_KEEPALIVE`).",
            keepalive: bool = socket2::Socket::keepalive,
            set_keepalive = socket2::Socket::set_keepalive
        );
    };
    (reuseaddr) => {
        option!(
            "whether an address of connections that have just ended may be bound \
             (`SO_REUSEADDR`).",
            reuseaddr: bool = socket2::Socket::reuse_address,
            set_reuseaddr = socket2::Socket::set_reuse_address
        );
    };
    (reuseport) => {
        option!(
            "whether several sockets of one user may listen on one address, and share what comes \
             (`SO_REUSEPORT`). So each core gets a loop and a listener of its own. All of them \
             have to set it.",
            reuseport: bool = socket2::Socket::reuse_port,
            set_reuseport = socket2::Socket::set_reuse_port
        );
    };
    (send_buffer_size) => {
        option!(
            "the size of the system's buffer for what is sent, in bytes (`SO_SNDBUF`). Linux \
             doubles what is set.",
            send_buffer_size: u32 = crate::net::tcp_options::send_buffer_size,
            set_send_buffer_size = crate::net::tcp_options::set_send_buffer_size
        );
    };
    (recv_buffer_size) => {
        option!(
            "the size of the system's buffer for what comes, in bytes (`SO_RCVBUF`). Linux \
             doubles what is set.",
            recv_buffer_size: u32 = crate::net::tcp_options::recv_buffer_size,
            set_recv_buffer_size = crate::net::tcp_options::set_recv_buffer_size
        );
    };
    ($what:expr, $get:ident: $value:ty = $read:path, $set:ident = $write:path) => {
        #[doc = concat!("Tells ", $what)]
        ///
        /// # Errors
        ///
        /// What the system says.
        pub fn $get(&self) -> std::io::Result<$value> {
            $read(&socket2::SockRef::from(self))
        }

        #[doc = concat!("Sets ", $what)]
        ///
        /// # Errors
        ///
        /// What the system says.
        pub fn $set(&self, value: $value) -> std::io::Result<()> {
            $write(&socket2::SockRef::from(self), value)
        }
    };
}

pub(super) use option;

fn is_v6(socket: &Socket) -> io::Result<bool> {
    Ok(socket.local_addr()?.is_ipv6())
}

pub(super) fn ttl(socket: &Socket) -> io::Result<u32> {
    if is_v6(socket)? { socket.unicast_hops_v6() } else { socket.ttl_v4() }
}

pub(super) fn set_ttl(socket: &Socket, ttl: u32) -> io::Result<()> {
    if is_v6(socket)? { socket.set_unicast_hops_v6(ttl) } else { socket.set_ttl_v4(ttl) }
}

pub(super) fn tos(socket: &Socket) -> io::Result<u32> {
    if is_v6(socket)? { socket.tclass_v6() } else { socket.tos_v4() }
}

pub(super) fn set_tos(socket: &Socket, tos: u32) -> io::Result<()> {
    if is_v6(socket)? { socket.set_tclass_v6(tos) } else { socket.set_tos_v4(tos) }
}

/// Half a second would become none, which is something else.
pub(super) fn set_linger(socket: &Socket, length: Option<Duration>) -> io::Result<()> {
    let rounded_up = length.map(|length| match length.subsec_nanos() {
        0 => length,
        _ => Duration::from_secs(length.as_secs().saturating_add(1)),
    });
    socket.set_linger(rounded_up)
}

pub(super) fn send_buffer_size(socket: &Socket) -> io::Result<u32> {
    socket.send_buffer_size().map(|size| u32::try_from(size).unwrap_or(u32::MAX))
}

pub(super) fn set_send_buffer_size(socket: &Socket, size: u32) -> io::Result<()> {
    socket.set_send_buffer_size(size as usize)
}

pub(super) fn recv_buffer_size(socket: &Socket) -> io::Result<u32> {
    socket.recv_buffer_size().map(|size| u32::try_from(size).unwrap_or(u32::MAX))
}

pub(super) fn set_recv_buffer_size(socket: &Socket, size: u32) -> io::Result<()> {
    socket.set_recv_buffer_size(size as usize)
}
