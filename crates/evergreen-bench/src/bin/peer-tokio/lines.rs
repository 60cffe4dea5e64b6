//! Lines, as tokio's users read them.

use crate::Tokio;
use evergreen_bench::{Lines, Peer, peer::listener};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

impl Lines for Tokio {
    async fn serve_lines(listening: impl FnOnce(SocketAddr) + 'static) {
        let listener = listener().and_then(TcpListener::from_std).expect("a listener");
        listening(listener.local_addr().expect("its address"));
        while let Ok((mut stream, _)) = listener.accept().await {
            Self::detach(async move {
                stream.set_nodelay(true).expect("a socket");
                let (reader, mut writer) = stream.split();
                let mut lines = BufReader::new(reader).lines();
                while let Ok(Some(mut line)) = lines.next_line().await {
                    line.push('\n');
                    if writer.write_all(line.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}
