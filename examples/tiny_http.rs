//! A server of static files, to be copied.
//!
//! ```sh
//! cargo run --release --example tiny_http -- 8080 target/doc
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::fs::File;
use evergreen::io::{BaseStream, TcpConnection, TcpError, TcpServer};
use futures_lite::AsyncReadExt;
use std::path::{Component, Path, PathBuf};
use std::{env, error::Error, io, rc::Rc};

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("txt" | "rs") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// `%41` is `A`.
fn decode(target: &str) -> Option<String> {
    let mut parts = target.split('?').next()?.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).ok()
}

/// A file below the folder: no target leads out of it, unless a link in it does.
async fn find(folder: &Path, target: &str) -> io::Result<(PathBuf, File, u64)> {
    let target = decode(target).ok_or(io::ErrorKind::NotFound)?;
    let index = if target.ends_with('/') { "index.html" } else { "" };
    let path = PathBuf::from(format!("{}{index}", target.trim_start_matches('/')));
    let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
    let below = is_below.then(|| folder.join(&path)).ok_or(io::ErrorKind::NotFound)?;
    // To open a pipe without this flag is to wait for its writer.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(below).await?;
    let found = file.metadata().await?;
    found.is_file().then_some((path, file, found.len())).ok_or(io::ErrorKind::NotFound.into())
}

fn head(client: &TcpConnection, status: &str, kind: &str, length: u64) -> Result<bool, TcpError> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    client.write(head.as_bytes())
}

/// Whether the connection can go on.
async fn answer(client: &TcpConnection, folder: &Path, request: &str) -> Result<bool, TcpError> {
    let ["GET", target, "HTTP/1.1"] = request.split(' ').collect::<Vec<_>>()[..] else {
        head(client, "501 Not Implemented", "text/plain", 0)?;
        return Ok(false);
    };
    let Ok((path, file, length)) = find(folder, target).await else {
        return head(client, "404 Not Found", "text/plain", 0).map(|_| true);
    };
    head(client, "200 OK", kind(&path), length)?;
    let (mut body, mut piece) = (file.take(length), vec![0; 64 * 1024]);
    loop {
        match body.read(&mut piece).await? {
            0 => return Ok(body.limit() == 0), // less than was promised, if the file has shrunk
            length => client.write(&piece[..length])?,
        };
        client.flush().await?; // one piece is held for a slow client, not the file
    }
}

/// One request after the other, until the client ends or asks for what is not known here.
pub(crate) async fn serve(client: TcpConnection, folder: Rc<Path>) -> Result<(), TcpError> {
    client.set_max_buffer(128 * 1024)?;
    loop {
        let request = client.read_until(b"\r\n\r\n").await?;
        let request = String::from_utf8_lossy(&request);
        let Some(line) = request.lines().next() else { return Ok(()) };
        if !answer(&client, &folder, line).await? {
            return client.flush().await;
        }
    }
}

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, port, folder] = &env::args().collect::<Vec<_>>()[..] else {
        println!("usage: tiny_http PORT FOLDER");
        return Ok(());
    };
    let folder: Rc<Path> = Path::new(folder).into();
    let server = TcpServer::new(move |client| serve(client, Rc::clone(&folder)));
    server.bind(format!("127.0.0.1:{port}"))?;
    println!("http://{}/", server.local_addr()?);
    Ok(server.serve().await?)
}
