//! evergreen.

mod lines;
mod primitives;

use evergreen::net::TcpListener;
use evergreen_bench::{Peer, peer::listener};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::{future::Future, net::SocketAddr, time::Duration};

struct Evergreen;

impl Peer for Evergreen {
    fn block_on(future: impl Future<Output = ()> + 'static) {
        evergreen::EventLoop::new().expect("a loop").block_on(future);
    }

    fn spawn(future: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        evergreen::spawn(future)
    }

    fn detach(future: impl Future<Output = ()> + 'static) {
        drop(evergreen::spawn(future));
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + 'static {
        evergreen::sleep(time)
    }

    fn timeout(
        limit: Duration,
        future: impl Future<Output = ()> + 'static,
    ) -> impl Future<Output = ()> + 'static {
        let limited = evergreen::timeout(limit, future);
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
    evergreen_bench::run_with_all::<Evergreen>();
}
