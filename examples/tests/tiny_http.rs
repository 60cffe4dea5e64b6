//! The server of files of the examples, in this process.

#[path = "../tiny_http.rs"]
#[allow(dead_code, reason = "its entry point is not this one")]
mod tiny_http;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use evergreen::io::{BaseStream, TcpClient, TcpServer};
use evergreen::{spawn, timeout};

/// More than the system holds for a client that does not read.
const LARGE: usize = 32 << 20;

/// Removed with all that is in it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{test}-{}", std::process::id()));
        fs::create_dir(&path).expect("a name of our own");
        fs::write(path.join("small"), "small").expect("a folder of ours");
        Self(path)
    }

    fn large(&self) -> File {
        let file = File::create(self.0.join("large")).expect("a folder of ours");
        resize(&file, LARGE);
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("a folder of ours");
    }
}

fn resize(file: &File, length: usize) {
    file.set_len(u64::try_from(length).expect("a length")).expect("a file of ours");
}

/// Serves the folder to one client.
async fn serving(folder: &Folder, asks: impl AsyncFnOnce(&TcpClient)) {
    let path: Rc<Path> = folder.0.as_path().into();
    let server = TcpServer::new(move |client| tiny_http::serve(client, Rc::clone(&path)));
    server.bind("127.0.0.1:0").expect("a free port");
    let address = server.local_addr().expect("bound");
    let serving = spawn({
        let server = server.clone();
        async move { server.serve().await }
    });
    let client = TcpClient::new();
    client.connect(address).await.expect("it listens");
    timeout(20.0, asks(&client)).await.expect("an answer to each");
    client.close();
    server.close();
    serving.await.expect("no panic").expect("closed");
}

/// The first line of the answer, and the length that it promises.
async fn head(client: &TcpClient, target: &str) -> (String, usize) {
    client.write(format!("GET /{target} HTTP/1.1\r\n\r\n").as_bytes()).expect("connected");
    let head = client.read_until(b"\r\n\r\n").await.expect("an answer");
    let head = String::from_utf8(head).expect("a head");
    let (status, fields) = head.trim().split_once("\r\n").expect("lines");
    let (_, length) = fields.rsplit_once(' ').expect("a length");
    (status.to_owned(), length.parse().expect("a length"))
}

async fn small(client: &TcpClient) {
    assert_eq!(head(client, "small").await, ("HTTP/1.1 200 OK".to_owned(), 5));
    assert_eq!(client.read_bytes(5).await.expect("the file"), b"small");
}

#[evergreen::test]
async fn a_pipe_in_the_folder_is_not_waited_for() {
    let folder = Folder::new("a_pipe_in_the_folder");
    let made = Command::new("mkfifo").arg(folder.0.join("pipe")).status();
    assert!(made.expect("every system has it").success());
    let ask = async |client: &TcpClient| {
        assert_eq!(head(client, "pipe").await, ("HTTP/1.1 404 Not Found".to_owned(), 0));
        small(client).await;
    };
    serving(&folder, ask).await;
}

#[evergreen::test]
async fn a_file_that_grows_is_sent_as_long_as_was_promised() {
    let folder = Folder::new("a_file_that_grows");
    let file = folder.large();
    let ask = async |client: &TcpClient| {
        assert_eq!(head(client, "large").await.1, LARGE);
        resize(&file, LARGE + 1);
        assert_eq!(client.read_bytes(LARGE).await.expect("the file").len(), LARGE);
        small(client).await;
    };
    serving(&folder, ask).await;
}

#[evergreen::test]
async fn a_file_that_shrinks_ends_the_connection() {
    let folder = Folder::new("a_file_that_shrinks");
    let file = folder.large();
    let ask = async |client: &TcpClient| {
        assert_eq!(head(client, "large").await.1, LARGE);
        resize(&file, 0);
        assert!(client.read_bytes(LARGE).await.expect("a part").len() < LARGE);
    };
    serving(&folder, ask).await;
}
