//! A duplicate that gets the number of the closed descriptor. Alone in its file: it counts on the
//! next number.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::Write;
use std::os::fd::AsRawFd;

use common::{TestLoop, pair_with_std};
use evergreen_io::net::TcpStream;
use futures_lite::{AsyncReadExt, future};

// R-5, F21: the poller knows descriptors by number and file, and has this pair of old.
#[test]
fn a_duplicate_that_gets_the_number_of_the_closed_one_is_a_stream() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (stream, mut peer) = pair_with_std();
        let stream = stream.into_std().unwrap();
        let number = stream.as_raw_fd();
        let duplicate = stream.try_clone().unwrap();
        drop(TcpStream::from_std(stream).unwrap());
        // Numbers are given out from the lowest up.
        let mut again: Vec<_> = (0..=number).map(|_| duplicate.try_clone().unwrap()).collect();
        let place = again.iter().position(|io| io.as_raw_fd() == number).unwrap();
        let mut stream = TcpStream::from_std(again.swap_remove(place)).unwrap();
        let reading = async { stream.read(&mut [0; 8]).await };
        let (read, ()) = future::zip(reading, async { peer.write_all(b"four").unwrap() }).await;
        assert_eq!(read.unwrap(), 4);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}
