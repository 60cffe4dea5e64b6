//! glommio, `io_uring` only.

use evergreen_bench::Peer;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::{GlommioError, LocalExecutorBuilder, Placement, net::TcpListener, timer};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{future::Future, net::SocketAddr, time::Duration};

/// Of its buffers. Its default of 10 MiB alone is more than most systems let a process lock.
const IO_MEMORY: usize = 1 << 20;

struct Glommio;

impl Peer for Glommio {
    fn block_on(future: impl Future<Output = ()> + 'static) {
        // It locks its rings in memory. Refused, the limit may still be enough.
        let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
        // `Unbound` leaves the affinity as it is.
        let executor = LocalExecutorBuilder::new(Placement::Unbound).io_memory(IO_MEMORY).make();
        executor.expect("an executor over io_uring").run(future);
    }

    fn spawn(future: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        glommio::spawn_local(future)
    }

    fn detach(future: impl Future<Output = ()> + 'static) {
        glommio::spawn_local(future).detach();
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + 'static {
        timer::sleep(time)
    }

    async fn timeout(limit: Duration, future: impl Future<Output = ()> + 'static) {
        let fallible = async move {
            future.await;
            Ok::<_, GlommioError<()>>(())
        };
        timer::timeout(limit, fallible).await.expect("nobody waits for the limit");
    }

    async fn serve(listening: impl FnOnce(SocketAddr) + 'static, buffer: usize) {
        // It takes no listener that somebody else has made; the clients connect one by one.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        listening(listener.local_addr().expect("its address"));
        while let Ok(mut stream) = listener.accept().await {
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
    evergreen_bench::run::<Glommio>();
}
