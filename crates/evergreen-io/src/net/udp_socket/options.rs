//! Groups, and the options of UDP sockets.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::UdpSocket;
use crate::net::tcp_options::option;

impl UdpSocket {
    /// Receives what is sent to a group of IPv4 as well, on the interface of that address; if it is
    /// all zeros, on one that the system chooses.
    ///
    /// # Errors
    ///
    /// If the group is none, or there is no such interface.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.source.io().join_multicast_v4(&group, &interface)
    }

    /// Receives no more of what is sent to the group.
    ///
    /// # Errors
    ///
    /// If it was not joined.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.source.io().leave_multicast_v4(&group, &interface)
    }

    /// Receives what is sent to a group of IPv6 as well, on the interface of that number; if it is
    /// zero, on one that the system chooses.
    ///
    /// # Errors
    ///
    /// If the group is none, or there is no such interface.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.source.io().join_multicast_v6(group, interface)
    }

    /// Receives no more of what is sent to the group.
    ///
    /// # Errors
    ///
    /// If it was not joined.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.source.io().leave_multicast_v6(group, interface)
    }

    option!(ttl);
    option!(tos);
    option!(
        "whether datagrams may go to everybody on a network (`SO_BROADCAST`).",
        broadcast: bool = socket2::Socket::broadcast,
        set_broadcast = socket2::Socket::set_broadcast
    );
    option!(
        "whether what is sent to a group of IPv4 comes back to this host (`IP_MULTICAST_LOOP`).",
        multicast_loop_v4: bool = socket2::Socket::multicast_loop_v4,
        set_multicast_loop_v4 = socket2::Socket::set_multicast_loop_v4
    );
    option!(
        "how many routers a datagram to a group of IPv4 may pass (`IP_MULTICAST_TTL`).",
        multicast_ttl_v4: u32 = socket2::Socket::multicast_ttl_v4,
        set_multicast_ttl_v4 = socket2::Socket::set_multicast_ttl_v4
    );
    option!(
        "whether what is sent to a group of IPv6 comes back to this host (`IPV6_MULTICAST_LOOP`).",
        multicast_loop_v6: bool = socket2::Socket::multicast_loop_v6,
        set_multicast_loop_v6 = socket2::Socket::set_multicast_loop_v6
    );

    /// The interface that the socket is bound to, by name (`SO_BINDTODEVICE`).
    ///
    /// # Errors
    ///
    /// What the system says.
    #[cfg(target_os = "linux")]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        socket2::SockRef::from(self).device()
    }

    /// Sends and receives through one interface only, by name; `None` through all
    /// (`SO_BINDTODEVICE`).
    ///
    /// # Errors
    ///
    /// If there is no such interface, or this user may not.
    #[cfg(target_os = "linux")]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        socket2::SockRef::from(self).bind_device(interface)
    }
}
