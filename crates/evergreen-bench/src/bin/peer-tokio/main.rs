//! tokio's `current_thread` runtime with a `LocalSet`, the base of the ratios.

mod lines;
mod primitives;

use evergreen_bench::{Peer, peer::listener};
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    runtime::Builder,
    task::{LocalSet, spawn_local},
};

struct Tokio;

impl Peer for Tokio {
    fn block_on(future: impl Future<Output = ()> + 'static) {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(LocalSet::new().run_until(future));
    }

    fn spawn(future: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        spawn_local(future)
    }

    fn detach(future: impl Future<Output = ()> + 'static) {
        drop(spawn_local(future));
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + 'static {
        tokio::time::sleep(time)
    }

    fn timeout(
        limit: Duration,
        future: impl Future<Output = ()> + 'static,
    ) -> impl Future<Output = ()> + 'static {
        let limited = tokio::time::timeout(limit, future);
        async move { limited.await.expect("nobody waits for the limit") }
    }

    async fn serve(listening: impl FnOnce(SocketAddr) + 'static, buffer: usize) {
        let listener = listener().and_then(TcpListener::from_std).expect("a listener");
        listening(listener.local_addr().expect("its address"));
        while let Ok((mut stream, _)) = listener.accept().await {
            Self::detach(async move {
                stream.set_nodelay(true).expect("a socket");
                let mut buffer = vec![0; buffer];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}

fn main() {
    evergreen_bench::run_with_all::<Tokio>();
}
