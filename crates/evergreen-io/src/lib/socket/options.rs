//! Options by number, over those that have a name.

use std::io;

use socket2::Socket;

/// What an option's number may stand for.
trait Number: Sized {
    fn of(number: i32) -> io::Result<Self>;
    fn number(self) -> i32;
}

impl Number for bool {
    fn of(number: i32) -> io::Result<Self> {
        Ok(number != 0)
    }

    fn number(self) -> i32 {
        self.into()
    }
}

macro_rules! number {
    ($($type:ty),*) => { $(
        impl Number for $type {
            fn of(number: i32) -> io::Result<Self> {
                let negative = |_| io::Error::new(io::ErrorKind::InvalidInput, "it is below zero");
                Self::try_from(number).map_err(negative)
            }

            fn number(self) -> i32 {
                i32::try_from(self).unwrap_or(i32::MAX)
            }
        }
    )* };
}

number!(u32, usize);

/// The options that can be asked for and set: level, name, and the methods that do so.
macro_rules! options {
    ($($level:ident $name:ident $get:ident $set:ident;)*) => {
        pub(super) fn get(socket: &Socket, level: i32, name: i32) -> io::Result<i32> {
            match (level, name) {
                $((libc::$level, libc::$name) => socket.$get().map(Number::number),)*
                (libc::SOL_SOCKET, libc::SO_TYPE) => socket.r#type().map(i32::from),
                (libc::SOL_SOCKET, libc::SO_ERROR) => {
                    let error = socket.take_error()?;
                    Ok(error.and_then(|error| error.raw_os_error()).unwrap_or(0))
                },
                _ => Err(unknown(level, name)),
            }
        }

        pub(super) fn set(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<()> {
            match (level, name) {
                $((libc::$level, libc::$name) => socket.$set(Number::of(value)?),)*
                _ => Err(unknown(level, name)),
            }
        }
    };
}

options! {
    SOL_SOCKET SO_REUSEADDR reuse_address set_reuse_address;
    SOL_SOCKET SO_REUSEPORT reuse_port set_reuse_port;
    SOL_SOCKET SO_KEEPALIVE keepalive set_keepalive;
    SOL_SOCKET SO_BROADCAST broadcast set_broadcast;
    SOL_SOCKET SO_OOBINLINE out_of_band_inline set_out_of_band_inline;
    SOL_SOCKET SO_RCVBUF recv_buffer_size set_recv_buffer_size;
    SOL_SOCKET SO_SNDBUF send_buffer_size set_send_buffer_size;
    IPPROTO_TCP TCP_NODELAY tcp_nodelay set_tcp_nodelay;
    IPPROTO_IP IP_TTL ttl_v4 set_ttl_v4;
    IPPROTO_IP IP_MULTICAST_TTL multicast_ttl_v4 set_multicast_ttl_v4;
    IPPROTO_IP IP_MULTICAST_LOOP multicast_loop_v4 set_multicast_loop_v4;
    IPPROTO_IPV6 IPV6_V6ONLY only_v6 set_only_v6;
    IPPROTO_IPV6 IPV6_UNICAST_HOPS unicast_hops_v6 set_unicast_hops_v6;
    IPPROTO_IPV6 IPV6_MULTICAST_HOPS multicast_hops_v6 set_multicast_hops_v6;
    IPPROTO_IPV6 IPV6_MULTICAST_LOOP multicast_loop_v6 set_multicast_loop_v6;
}

fn unknown(level: i32, name: i32) -> io::Error {
    let message = format!(
        "option {name} of level {level} is not among those known here: \
         set it on the descriptor, by a crate that has it"
    );
    io::Error::new(io::ErrorKind::Unsupported, message)
}
