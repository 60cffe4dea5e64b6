//! What is closed has a number to give: tests that no other runs beside.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::{Refusing, TestLoop};
use evergreen_io::lib::socket::{
    AF_INET, AF_UNIX, SOCK_STREAM, Socket, create_connection, socketpair,
};
use evergreen_task::{spawn, yield_now};

/// Numbers are the process's.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

// EV-LIB-13
#[test]
fn sockets_that_did_not_connect_are_closed() {
    let _alone = alone();
    TestLoop::new().block_on(async {
        let refusing = Refusing::new();
        let number = || {
            let probe = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
            probe.as_raw_fd()
        };
        let before = number();
        for _ in 0..3 {
            create_connection(refusing.address(), None, None).await.unwrap_err();
        }
        assert_eq!(number(), before);
    });
}

// EV-LIB-09: whoever has the number next may wait, though the former waiter did not run yet.
#[test]
fn the_number_of_a_closed_socket_is_free_for_who_waits() {
    let _alone = alone();
    TestLoop::new().block_on(async {
        let (ours, _theirs) = socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap();
        let (other, _peer) = socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap();
        let number = ours.as_raw_fd();
        let former = spawn({
            let ours = ours.clone();
            async move { ours.recv(1).await }
        });
        yield_now().await;
        ours.close();
        let next = other.dup().unwrap();
        assert_eq!(next.as_raw_fd(), number);
        next.set_timeout(Some(0.01.into())).unwrap();
        assert_eq!(next.recv(1).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(former.await.unwrap().is_err());
    });
}
