//! The TCP classes.

use evergreen_io::io::{BaseStream, StreamError, TcpClient, TcpConnection, TcpError, TcpServer};
use evergreen_loop::block_on;
use evergreen_task::{spawn, yield_now};
use std::cell::RefCell;
use std::rc::Rc;

async fn echo(client: TcpConnection) -> Result<(), TcpError> {
    loop {
        let line = client.read_until(b"\n").await?;
        if line.is_empty() {
            return Ok(());
        }
        client.write(&line)?;
    }
}

// EV-TCP-01, EV-TCP-05, EV-STR-07
#[test]
fn what_is_written_comes_back_line_by_line_until_the_end() {
    block_on(async {
        let server = TcpServer::new(echo);
        server.bind("127.0.0.1:0")?;
        let address = server.local_addr()?;
        let serving = spawn({
            let server = server.clone();
            async move { server.serve().await }
        });
        let client = TcpClient::new();
        assert!(!client.write(b"early\n")?);
        client.connect(address).await?;
        assert_eq!(client.peer_addr()?, address);
        assert_eq!(client.read_until(b"\n").await?, b"early\n");
        assert!(client.write(b"two\nlines\n")?);
        assert_eq!(client.read_until(b"\n").await?, b"two\n");
        assert_eq!(client.read_until_regex(r"l.*\n").await?, b"lines\n");
        assert_eq!(server.connections().len(), 1);
        assert_eq!(server.connections()[0].peer_addr()?, client.local_addr()?);
        client.shutdown().await?;
        assert_eq!(client.read_bytes(10).await?, b"");
        assert!(client.is_closed());
        assert_eq!(server.connections().len(), 0);
        server.close();
        serving.await.expect("no panic")
    })
    .unwrap();
}

// EV-STR-10, EV-SRV-05
#[test]
fn a_server_that_is_closed_tells_handlers_that_read() {
    block_on(async {
        let told = Rc::new(RefCell::new(Vec::new()));
        let tell = Rc::clone(&told);
        let server = TcpServer::new(move |client: TcpConnection| {
            let tell = Rc::clone(&tell);
            async move {
                let error = client.read_bytes(1).await.unwrap_err();
                tell.borrow_mut().push(error.to_string());
            }
        });
        server.bind(("127.0.0.1", 0))?;
        let client = TcpClient::new();
        let serving = spawn({
            let server = server.clone();
            async move { server.serve().await }
        });
        client.connect(server.local_addr()?).await?;
        while server.connections().is_empty() {
            yield_now().await;
        }
        yield_now().await;
        server.close();
        serving.await.expect("no panic")?;
        yield_now().await;
        assert_eq!(*told.borrow(), ["TCP: closed"]);
        assert!(matches!(server.serve().await.unwrap_err().kind(), StreamError::Closed));
        assert_eq!(client.read_bytes(1).await?, b"");
        Ok::<(), TcpError>(())
    })
    .unwrap();
}
