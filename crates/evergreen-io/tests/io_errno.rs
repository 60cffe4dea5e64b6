//! Numbers of errors, and which errors have one.

mod common;

use std::collections::BTreeMap;
use std::io;

use common::{Refusing, TestLoop};
use evergreen_io::io::{PipeClient, StreamError, TcpClient, TcpServer, UdpEndpoint, errno};
use evergreen_io::resolve::{Query, getaddrinfo};

// EV-ERR-01
#[test]
fn a_number_has_one_name_and_a_name_one_number() {
    let names: BTreeMap<_, _> = errno::iter().collect();
    assert_eq!(names.len(), errno::iter().count());
    for (number, name) in errno::iter() {
        assert_eq!(errno::errorcode(number), Some(name));
        assert!(name.starts_with('E'), "{name}");
        assert_eq!(number < 0, name == "EOF" || name.starts_with("EAI_"), "{name}");
    }
    assert_eq!(errno::errorcode(libc::EPERM), Some("EPERM"));
    assert_eq!(errno::errorcode(errno::EWOULDBLOCK), Some("EAGAIN"));
    assert_eq!(errno::errorcode(-4095), Some("EOF"));
    assert_eq!(errno::errorcode(-3008), Some("EAI_NONAME"));
    for none in [0, -1, 9_999, i32::MIN, i32::MAX] {
        assert_eq!(errno::errorcode(none), None);
    }
}

// EV-ERR-03: the kernel's own list has all from 1 to 133, but for two that were never given out.
#[test]
#[cfg(target_os = "linux")]
fn no_number_of_the_system_is_missing() {
    let without: Vec<i32> = (1..=133).filter(|&n| errno::errorcode(n).is_none()).collect();
    assert_eq!(without, [41, 58]);
    assert_eq!((errno::EDEADLOCK, errno::ENOTSUP), (errno::EDEADLK, errno::EOPNOTSUPP));
}

// EV-ERR-02
#[test]
fn every_number_has_a_text_also_if_it_is_unknown() {
    assert_eq!(errno::strerror(errno::ENOENT), "No such file or directory");
    assert_eq!(errno::strerror(errno::EOF), "the end of the stream");
    assert_eq!(errno::strerror(errno::EAI_NODATA), "the name has no address");
    for (number, name) in errno::iter() {
        let text = errno::strerror(number);
        assert!(!text.is_empty() && !text.contains("nknown error"), "{name}: {text}");
        assert!(!text.contains("os error"), "{name}: {text}");
    }
    for unknown in [9_999, -5, i32::MIN, i32::MAX] {
        let text = errno::strerror(unknown);
        assert!(text.contains("nknown error"), "{unknown}: {text}");
    }
}

// EV-ERR-03
#[test]
fn errors_of_streams_have_the_numbers_of_the_system_and_its_resolver() {
    TestLoop::new().block_on(async {
        let (first, second) = (TcpServer::new(async |_| ()), TcpServer::new(async |_| ()));
        first.bind("127.0.0.1:0").expect("a free port");
        let address = first.local_addr().expect("bound");
        let taken = second.bind(address).expect_err("taken");
        assert_eq!(taken.errno(), Some(errno::EADDRINUSE), "{taken}");
        let nobody = Refusing::new();
        let refused = TcpClient::new().connect(nobody.address()).await;
        let refused = refused.expect_err("nobody listens");
        assert_eq!(refused.errno(), Some(errno::ECONNREFUSED), "{refused}");
        let missing = PipeClient::new().connect("/nowhere").await.expect_err("nothing is there");
        assert_eq!(missing.errno(), Some(errno::ENOENT), "{missing}");
        let endpoint = UdpEndpoint::new();
        let long = endpoint.send(&[0; 70_000], address).expect_err("too large");
        assert_eq!(long.errno(), Some(errno::EMSGSIZE), "{long}");
        // Nobody is asked.
        let flags = libc::AI_NUMERICHOST;
        let query = Query { flags, ..Query::stream("example.com", 80) };
        let unknown = StreamError::from(getaddrinfo(query).await.expect_err("a name"));
        assert_eq!(unknown.errno(), Some(errno::EAI_NONAME), "{unknown}");
    });
    assert_eq!(StreamError::Closed.errno(), None);
    let end = StreamError::from(io::Error::from(io::ErrorKind::UnexpectedEof));
    assert_eq!(end.errno(), Some(errno::EOF));
    assert_eq!(StreamError::from(io::Error::other("text only")).errno(), None);
}
