//! smol: a `LocalExecutor` under `async_io::block_on`.

mod lines;
mod primitives;

use async_executor::LocalExecutor;
use async_io::{Async, Timer};
use evergreen_bench::{Peer, peer::listener};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future::or};
use std::{
    cell::OnceCell,
    future::Future,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    time::Duration,
};

thread_local! {
    static EXECUTOR: OnceCell<Rc<LocalExecutor<'static>>> = const { OnceCell::new() };
}

struct Smol;

impl Peer for Smol {
    fn block_on(future: impl Future<Output = ()> + 'static) {
        let executor = EXECUTOR.with(|cell| Rc::clone(cell.get_or_init(Rc::default)));
        async_io::block_on(executor.run(future));
    }

    fn spawn(future: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        EXECUTOR.with(|cell| cell.get().expect("within `block_on`").spawn(future))
    }

    fn detach(future: impl Future<Output = ()> + 'static) {
        EXECUTOR.with(|cell| cell.get().expect("within `block_on`").spawn(future).detach());
    }

    async fn sleep(time: Duration) {
        Timer::after(time).await;
    }

    fn timeout(
        limit: Duration,
        future: impl Future<Output = ()> + 'static,
    ) -> impl Future<Output = ()> + 'static {
        // There is no `timeout`: this race is what its users write.
        or(future, Self::sleep(limit))
    }

    async fn serve(listening: impl FnOnce(SocketAddr) + 'static, buffer: usize) {
        let listener = listener().and_then(Async::<TcpListener>::new).expect("a listener");
        listening(listener.get_ref().local_addr().expect("its address"));
        while let Ok((mut stream, _)) = listener.accept().await {
            Self::detach(async move {
                stream.get_ref().set_nodelay(true).expect("a socket");
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
    evergreen_bench::run_with_all::<Smol>();
}
