//! Numbers of errors, their names and what they mean. As Python evergreen's `errno`.
//!
//! Those of the system are positive, and differ from one system to another: there is a constant for
//! each that this one has. The end of a stream and the errors of a resolver have no such numbers, or
//! others on every system. They are negative here, and those of libuv, on which Python evergreen
//! stands. [`StreamError::errno`](super::StreamError::errno) gives both kinds.
//!
//! ```
//! use evergreen_io::io::{TcpServer, errno};
//!
//! # let event_loop = evergreen_loop::EventLoop::new()?;
//! let (first, second) = (TcpServer::new(async |_| ()), TcpServer::new(async |_| ()));
//! first.bind("127.0.0.1:0")?;
//! let number = second.bind(first.local_addr()?).unwrap_err().errno();
//! assert_eq!(number, Some(errno::EADDRINUSE));
//! assert_eq!(errno::errorcode(errno::EADDRINUSE), Some("EADDRINUSE"));
//! println!("{}", errno::strerror(errno::EADDRINUSE));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod own;
mod system;

use std::io;

pub use own::*;
pub use system::*;

pub(super) use self::own::of_resolver;

/// The name of a number; `None` if it is no error. A number of several names has one of them here,
/// such as `EAGAIN`, not `EWOULDBLOCK`.
pub fn errorcode(number: i32) -> Option<&'static str> {
    iter().find(|&(known, _)| known == number).map(|(_, name)| name)
}

/// All numbers, each once, with their names. The system's come first.
pub fn iter() -> impl Iterator<Item = (i32, &'static str)> {
    let own = OWN.iter().map(|&(number, name, _)| (number, name));
    SYSTEM.iter().copied().chain(own)
}

/// What a number means, in the words of the system. It has some for those that are no error too:
/// mostly that they are unknown, and of zero that all went well.
pub fn strerror(number: i32) -> String {
    if let Some(&(.., text)) = OWN.iter().find(|&&(known, ..)| known == number) {
        return text.to_owned();
    }
    let text = io::Error::from_raw_os_error(number).to_string();
    // The standard library adds the number.
    text.strip_suffix(&format!(" (os error {number})")).map(str::to_owned).unwrap_or(text)
}
