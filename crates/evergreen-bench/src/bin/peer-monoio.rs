//! monoio over `io_uring`, and with `--legacy` over epoll.

use evergreen_bench::{Peer, peer::listener};
use monoio::{
    io::{AsyncReadRent, AsyncWriteRentExt},
    net::TcpListener,
};
use std::{env, future::Future, net::SocketAddr, time::Duration};

/// What the two drivers have in common.
struct Monoio<const LEGACY: bool>;

impl<const LEGACY: bool> Peer for Monoio<LEGACY> {
    fn block_on(future: impl Future<Output = ()> + 'static) {
        if LEGACY {
            let builder = monoio::RuntimeBuilder::<monoio::LegacyDriver>::new().enable_timer();
            builder.build().expect("a runtime over epoll").block_on(future);
        } else {
            let builder = monoio::RuntimeBuilder::<monoio::IoUringDriver>::new().enable_timer();
            builder.build().expect("a runtime over io_uring").block_on(future);
        }
    }

    fn spawn(future: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        monoio::spawn(future)
    }

    fn detach(future: impl Future<Output = ()> + 'static) {
        drop(monoio::spawn(future));
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + 'static {
        monoio::time::sleep(time)
    }

    fn timeout(
        limit: Duration,
        future: impl Future<Output = ()> + 'static,
    ) -> impl Future<Output = ()> + 'static {
        let limited = monoio::time::timeout(limit, future);
        async move { limited.await.expect("nobody waits for the limit") }
    }

    async fn serve(listening: impl FnOnce(SocketAddr) + 'static, buffer: usize) {
        let listener = listener().and_then(TcpListener::from_std).expect("a listener");
        listening(listener.local_addr().expect("its address"));
        while let Ok((mut stream, _)) = listener.accept().await {
            Self::detach(async move {
                stream.set_nodelay(true).expect("a socket");
                let mut buffer = Vec::with_capacity(buffer);
                loop {
                    let (read, filled) = stream.read(buffer).await;
                    let Ok(1..) = read else { break };
                    let (written, emptied) = stream.write_all(filled).await;
                    if written.is_err() {
                        break;
                    }
                    buffer = emptied;
                    buffer.clear();
                }
            });
        }
    }
}

fn main() {
    if env::args().any(|arg| arg == "--legacy") {
        evergreen_bench::run::<Monoio<true>>();
    } else {
        evergreen_bench::run::<Monoio<false>>();
    }
}
