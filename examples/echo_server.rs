//! A server that sends every line back, and ends well on ctrl-c.
//!
//! ```sh
//! cargo run --example echo_server            # on port 1234
//! cargo run --example echo_server -- 5000    # on port 5000; 0 is any that is free
//! nc 127.0.0.1 1234                          # from another terminal; type something
//! ```
//!
//! You should see who connects and who leaves:
//!
//! ```text
//! listening on 127.0.0.1:1234
//! 127.0.0.1:40620 connected
//! 127.0.0.1:40620 closed
//! ^Cstopping
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

// ANCHOR: all
use evergreen::net::{TcpListener, TcpStream};
use evergreen::{signal, sleep, spawn};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt, io::BufReader};
use std::{env, io, net::SocketAddr, time::Duration};

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
}

/// Runs however the connection ends: by the peer, by an error, or with the server.
impl Drop for Connection {
    fn drop(&mut self) {
        println!("{} closed", self.peer);
    }
}

impl Connection {
    fn new(stream: TcpStream, peer: SocketAddr) -> Self {
        println!("{peer} connected");
        Self { stream, peer }
    }

    async fn echo(self) {
        if let Err(error) = self.echo_lines().await {
            println!("{}: {error}", self.peer);
        }
    }

    async fn echo_lines(&self) -> io::Result<()> {
        let mut reader = BufReader::new(&self.stream);
        let mut writer = &self.stream;
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).await? > 0 {
            // A peer that does not read holds up this task, and no other.
            writer.write_all(&line).await?;
            line.clear();
        }
        Ok(())
    }
}

pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    println!("listening on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => drop(spawn(Connection::new(stream, peer).echo())),
            Err(error) => {
                // Often the lack of descriptors, and it may pass.
                println!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
            },
        }
    }
}

#[evergreen::main]
async fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "1234".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let server = spawn(serve(listener));
    signal::ctrl_c().await?;
    println!("stopping");
    server.kill();
    // The loop ends with `main`. The tasks that are left are dropped where they wait, and so each
    // connection is closed.
    Ok(())
}
// ANCHOR_END: all
