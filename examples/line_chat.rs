//! A chat in lines: what one says, all others are sent. `chat` is the same on plain sockets.
//!
//! ```sh
//! cargo run --example line_chat            # a talk between clients of its own
//! cargo run --example line_chat -- 1234    # a server on port 1234: nc 127.0.0.1 1234
//! ```
//!
//! You should see:
//!
//! ```text
//! ben hears "anna: hello"
//! anna hears "ben: good morning"
//! anna hears "ben has left"
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::io::{BaseStream, TcpClient, TcpConnection, TcpError, TcpServer};
use std::{env, error::Error};

/// What may wait for a client that does not read. One that comes to more is put out.
const UNREAD: usize = 64 * 1024;

// ANCHOR: room
/// The server knows who is there.
fn say(speaker: &TcpConnection, line: &str) {
    let all = speaker.server().map(|server| server.connections()).unwrap_or_default();
    for other in all.iter().filter(|other| other.peer_addr().ok() != speaker.peer_addr().ok()) {
        if other.write(line.as_bytes()).is_err() {
            other.close();
        }
    }
}

/// The first line is a name.
async fn talk(client: TcpConnection) -> Result<(), TcpError> {
    client.set_max_buffer(UNREAD)?;
    // It leaves by ending its side, and can still be told things then.
    client.keep_open_on_eof(true);
    let name = client.read_until(b"\n").await?;
    let name = String::from_utf8_lossy(&name).trim_end().to_owned();
    loop {
        let line = client.read_until(b"\n").await?;
        if line.is_empty() {
            say(&client, &format!("{name} has left\n"));
            return Ok(());
        }
        say(&client, &format!("{name}: {}", String::from_utf8_lossy(&line)));
    }
}
// ANCHOR_END: room

async fn hear(client: &TcpClient, name: &str) -> Result<(), Box<dyn Error>> {
    let line = client.read_until(b"\n").await?;
    println!("{name} hears {:?}", String::from_utf8(line)?.trim_end());
    Ok(())
}

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1);
    let server = TcpServer::new(talk);
    server.bind(format!("127.0.0.1:{}", port.as_deref().unwrap_or("0")))?;
    if port.is_some() {
        return Ok(server.serve().await?);
    }
    let serving = evergreen::spawn({
        let server = server.clone();
        async move { server.serve().await }
    });
    let [anna, ben] = [TcpClient::new(), TcpClient::new()];
    for (client, name) in [(&anna, "anna\n"), (&ben, "ben\n")] {
        client.connect(server.local_addr()?).await?;
        client.write(name.as_bytes())?;
    }
    while server.connections().len() < 2 {
        evergreen::yield_now().await;
    }
    anna.write(b"hello\n")?;
    hear(&ben, "ben").await?;
    ben.write(b"good morning\n")?;
    hear(&anna, "anna").await?;
    ben.shutdown().await?;
    hear(&anna, "anna").await?;
    server.close();
    Ok(serving.await??)
}
