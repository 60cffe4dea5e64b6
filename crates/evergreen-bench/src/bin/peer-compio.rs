//! compio over `io_uring`.

use compio::{
    driver::{DriverType, ProactorBuilder},
    io::{AsyncRead, AsyncWriteExt},
    net::TcpListener,
    runtime::RuntimeBuilder,
};
use evergreen_bench::{Peer, peer::listener};
use std::{future::Future, net::SocketAddr, time::Duration};

struct Compio;

impl Peer for Compio {
    fn block_on(future: impl Future<Output = ()> + 'static) {
        let mut proactor = ProactorBuilder::new();
        proactor.driver_type(DriverType::IoUring);
        let runtime = RuntimeBuilder::new().with_proactor(proactor).build();
        runtime.expect("a runtime over io_uring").block_on(future);
    }

    fn spawn(future: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        compio::runtime::spawn(future)
    }

    fn detach(future: impl Future<Output = ()> + 'static) {
        compio::runtime::spawn(future).detach();
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + 'static {
        compio::time::sleep(time)
    }

    fn timeout(
        limit: Duration,
        future: impl Future<Output = ()> + 'static,
    ) -> impl Future<Output = ()> + 'static {
        let limited = compio::time::timeout(limit, future);
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
                    let read = stream.read(buffer).await;
                    let Ok(1..) = read.0 else { break };
                    let written = stream.write_all(read.1).await;
                    if written.0.is_err() {
                        break;
                    }
                    buffer = written.1;
                    buffer.clear();
                }
            });
        }
    }
}

fn main() {
    evergreen_bench::run::<Compio>();
}
