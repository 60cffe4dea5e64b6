//! Lines, as smol's users read them.

use crate::Smol;
use async_io::Async;
use evergreen_bench::{Lines, Peer, peer::listener};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt, StreamExt, io::BufReader};
use std::net::{SocketAddr, TcpListener};

impl Lines for Smol {
    async fn serve_lines(listening: impl FnOnce(SocketAddr) + 'static) {
        let listener = listener().and_then(Async::<TcpListener>::new).expect("a listener");
        listening(listener.get_ref().local_addr().expect("its address"));
        while let Ok((stream, _)) = listener.accept().await {
            Self::detach(async move {
                stream.get_ref().set_nodelay(true).expect("a socket");
                let mut lines = BufReader::new(&stream).lines();
                while let Some(Ok(mut line)) = lines.next().await {
                    line.push('\n');
                    if (&stream).write_all(line.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}
