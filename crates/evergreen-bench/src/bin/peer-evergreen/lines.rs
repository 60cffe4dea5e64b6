//! Lines, by the stream classes.

use crate::Evergreen;
use evergreen::io::{BaseStream, TcpConnection, TcpServer};
use evergreen_bench::Lines;
use std::net::SocketAddr;

impl Lines for Evergreen {
    async fn serve_lines(listening: impl FnOnce(SocketAddr) + 'static) {
        let server = TcpServer::new(async |client: TcpConnection| {
            client.set_nodelay(true)?;
            loop {
                match client.read_until(b"\n").await {
                    Ok(line) if !line.is_empty() => client.write(&line).map(drop)?,
                    ended => return ended.map(drop),
                }
            }
        });
        server.bind("127.0.0.1:0").expect("a listener");
        listening(server.local_addr().expect("its address"));
        server.serve().await.expect("nobody closes it");
    }
}
