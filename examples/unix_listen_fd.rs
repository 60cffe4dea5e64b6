//! A server that is given its socket by whoever starts it, as systemd and inetd do. The starter
//! listens, so that no client is turned away while the server starts.
//!
//! ```sh
//! cargo run --example unix_listen_fd
//! ```
//!
//! You should see:
//!
//! ```text
//! the server answers: hello from a socket that I did not make
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::net::{UnixListener, UnixStream};
use evergreen::process::Command;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net;
use std::{env, fs, io, process};

#[evergreen::main]
async fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("serve") => serve().await,
        _ => start().await,
    }
}

// ANCHOR: serve
/// The socket is this program's standard input.
async fn serve() -> io::Result<()> {
    let inherited = io::stdin().as_fd().try_clone_to_owned()?;
    let listener = UnixListener::from_std(net::UnixListener::from(inherited))?;
    let (mut stream, _peer) = listener.accept().await?;
    stream.write_all(b"hello from a socket that I did not make").await?;
    stream.close().await
}
// ANCHOR_END: serve

async fn start() -> io::Result<()> {
    let path = env::temp_dir().join(format!("unix-listen-fd-{}.sock", process::id()));
    let listener = net::UnixListener::bind(&path)?;
    // It waits until somebody accepts it: the server is not there yet.
    let mut stream = UnixStream::connect(&path).await?;
    fs::remove_file(&path)?;
    let program = env::current_exe()?;
    let mut server = Command::new(program).arg("serve").stdin(OwnedFd::from(listener)).spawn()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    println!("the server answers: {answer}");
    assert!(server.wait().await?.success());
    Ok(())
}
