//! A descriptor's number that is given out again. Alone in its file: it counts on the next number.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::Write;
use std::net;
use std::os::fd::AsRawFd;
use std::thread;

use common::{TestLoop, pair_with_std};
use evergreen_io::net::TcpStream;
use evergreen_task::{timeout, yield_now};
use futures_lite::AsyncReadExt;

// R-1, F21: the late request to forget a descriptor took its number away from the next owner.
#[test]
fn a_stream_that_another_thread_gave_up_leaves_the_next_owner_of_its_number_alone() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (next, _) = listener.accept().unwrap();
        let (given_up, _other_peer) = pair_with_std();
        let number = given_up.as_raw_fd();
        thread::spawn(move || drop(given_up.into_std().unwrap())).join().unwrap();
        // Numbers are given out from the lowest up.
        let mut duplicates: Vec<_> = (0..=number).map(|_| next.try_clone().unwrap()).collect();
        let place = duplicates.iter().position(|stream| stream.as_raw_fd() == number).unwrap();
        let reused = duplicates.swap_remove(place);
        drop(duplicates);
        let mut stream = TcpStream::from_std(reused).unwrap();
        yield_now().await;
        yield_now().await;
        peer.write_all(b"here").unwrap();
        let mut read = [0; 4];
        timeout(20.0, stream.read_exact(&mut read)).await.unwrap().unwrap();
        assert_eq!(&read, b"here");
    });
}
