//! Child processes, with tokio's names.
//!
//! ```
//! use std::process::Stdio;
//! use evergreen_io::process::Command;
//!
//! evergreen_loop::block_on(async {
//!     let child = Command::new("tr")
//!         .args(["a-z", "A-Z"])
//!         .stdin(Stdio::piped())
//!         .stdout(Stdio::piped())
//!         .spawn()?;
//!     let output = child.communicate(b"hello").await?;
//!     assert!(output.status.success());
//!     assert_eq!(output.stdout, b"HELLO");
//!     # std::io::Result::Ok(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How the end of a child is seen
//!
//! By a descriptor of the child, where the kernel has such (`pidfd_open`, Linux 5.10); elsewhere by
//! SIGCHLD. Only children that were started here are waited for, each by its number.
//!
//! A child that is dropped before it was waited for goes on. When it ends, some loop of the process
//! takes its status, so that nothing is left of it: by SIGCHLD, which the loop that started it handles
//! for as long as there is such a child, or, if that loop is gone, when the next child is started.
//!
//! # Life and time of the loop
//!
//! A task that waits for a child, reads or writes its pipes keeps the loop alive; a child that
//! nobody waits for does not. Virtual time stands still while a child runs whose [`Child`] exists;
//! and then, as nobody would see its end otherwise, such a child keeps the loop alive.

mod child;
mod child_output;
mod child_stdin;
mod command;
mod exit;
mod frozen;
mod reaper;
mod watch;

pub use child::Child;
pub use child_output::{ChildStderr, ChildStdout};
pub use child_stdin::ChildStdin;
pub use command::Command;
