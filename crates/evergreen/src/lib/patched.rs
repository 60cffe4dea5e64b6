//! Rust has no imports at run time: these modules take the standard library's names in one source
//! file, and the compiler shows each call that now needs an `await`.
//!
//! Python evergreen's `import_patched` gives a copy of a module that uses cooperative ones. Here it is
//! `use evergreen::lib::patched::{net, thread, time}` in place of `use std::{net, thread, time}`. What
//! does not block is the standard library's; what has no cooperative form is absent, and does not
//! compile.
//!
//! ```
//! use evergreen::lib::patched::{thread, time::Duration};
//!
//! evergreen::block_on(async {
//!     let handle = thread::spawn(async { thread::sleep(Duration::from_millis(1)).await });
//!     handle.await.expect("no panic");
//! });
//! ```

/// `std::net`, with sockets that park their task only.
pub mod net {
    pub use std::net::{
        AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4,
        SocketAddrV6,
    };

    #[doc(inline)]
    pub use evergreen_io::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
}

/// `std::thread`, with tasks for threads.
pub mod thread {
    pub use std::thread::panicking;

    #[doc(inline)]
    pub use evergreen_task::{Task as JoinHandle, sleep, spawn, yield_now};
}

/// `std::time`, with Python's `sleep`.
pub mod time {
    #[doc(inline)]
    pub use evergreen_io::lib::time::*;
}
