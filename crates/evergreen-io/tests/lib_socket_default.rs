//! The limit of new sockets. Alone in its file: it is the whole process's.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::time::Duration;

use common::TestLoop;
use evergreen_io::lib::socket::{
    AF_INET, AF_UNIX, SOCK_STREAM, Socket, create_connection, default_timeout, set_default_timeout,
    socketpair,
};

// EV-LIB-04, EV-LIB-05, EV-LIB-11, EV-LIB-13
#[test]
fn new_sockets_have_the_limit_of_the_process() {
    TestLoop::new().block_on(async {
        let (former, _other) = socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap();
        let limit = Some(Duration::from_secs(7));
        assert_eq!(default_timeout(), None);
        set_default_timeout(Some(7.0.into())).unwrap();
        assert_eq!(default_timeout(), limit);
        let refused = set_default_timeout(Some((-1.0).into())).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert_eq!(former.timeout(), None);
        assert_eq!(former.dup().unwrap().timeout(), limit);
        let listener = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        assert_eq!(listener.timeout(), limit);
        listener.set_timeout(Some(1.0.into())).unwrap();
        listener.bind(("127.0.0.1", 0)).unwrap();
        listener.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let client = create_connection(address, None, None).await.unwrap();
        assert_eq!(client.timeout(), limit);
        assert_eq!(listener.accept().await.unwrap().0.timeout(), limit);
        set_default_timeout(None).unwrap();
    });
}
