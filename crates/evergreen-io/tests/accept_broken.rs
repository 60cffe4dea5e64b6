//! Accepting connections that are broken already, and very many: F2 of the fault catalogue. The
//! kernel is made to fail by `strace`, in second processes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::TestLoop;
use common::accepting::{accept_one, crowded, serve};
use common::child::{injected, part, under_strace};
use evergreen_io::io::{BaseStream, TcpClient, TcpConnection, TcpServer};
use evergreen_io::net::{UnixListener, UnixStream};
use evergreen_task::{spawn, yield_now};
use evergreen_testing::{Trace, VirtualClock};

// F2
#[test]
fn connections_that_are_broken_before_they_are_accepted_are_passed_over() {
    let name = "connections_that_are_broken_before_they_are_accepted_are_passed_over";
    if part().is_some() {
        assert_eq!(accept_one().unwrap(), (vec![], 0.0));
        return;
    }
    for code in ["ECONNABORTED", "EPROTO", "ECONNRESET", "ENETDOWN", "EHOSTUNREACH", "ENONET"] {
        let calls = under_strace(name, code, "accept4", &format!("error={code}:when=1..3"));
        assert_eq!((calls.len(), injected(&calls)), (4, 3), "{calls:?}");
    }
}

#[test]
fn an_error_that_does_not_pass_is_the_callers() {
    let name = "an_error_that_does_not_pass_is_the_callers";
    if let Some(part) = part() {
        let code = if part == "EINVAL" { libc::EINVAL } else { libc::EPERM };
        assert_eq!(accept_one().unwrap_err().raw_os_error(), Some(code));
        return;
    }
    for code in ["EINVAL", "EPERM"] {
        let calls = under_strace(name, code, "accept4", &format!("error={code}:when=1"));
        assert_eq!((calls.len(), injected(&calls)), (1, 1), "{calls:?}");
    }
}

// F2, R-17: a storm of them starves nobody.
#[test]
fn a_storm_of_broken_connections_leaves_others_their_turn() {
    let name = "a_storm_of_broken_connections_leaves_others_their_turn";
    if part().is_none() {
        let calls = under_strace(name, "storm", "accept4", "error=ECONNABORTED");
        // The first poll only waits. In each one after it the task gets its share, and no more.
        assert_eq!(calls.len(), 9 * 128);
        return;
    }
    TestLoop::new().block_on(async {
        let (listener, _clients) = crowded(1).await;
        let accepting = spawn(async move { listener.accept().await.map(drop) });
        while accepting.task_ref().polls() < 10 {
            yield_now().await;
        }
        accepting.kill();
    });
}

//
#[test]
fn many_that_wait_are_accepted_in_batches() {
    TestLoop::new().block_on(async {
        let (listener, _clients) = crowded(300).await;
        let (server, held) = serve(listener, false);
        let mut counts = Vec::new();
        while held.borrow().len() < 300 {
            yield_now().await;
            counts.push(held.borrow().len());
        }
        // Readiness is known from the poll after the first pass.
        counts.retain(|&count| count > 0);
        assert_eq!(counts, [128, 256, 300]);
        server.kill();
    });
}

// F2, F4: the same on a Unix socket.
#[test]
fn a_unix_listener_passes_over_what_is_broken() {
    let name = "a_unix_listener_passes_over_what_is_broken";
    if let Some(part) = part() {
        TestLoop::with_virtual_time().block_on(async {
            let path =
                std::env::temp_dir().join(format!("evergreen-{}-{part}", std::process::id()));
            let listener = UnixListener::bind(&path).unwrap();
            let _client = UnixStream::connect(&path).await.unwrap();
            std::fs::remove_file(path).unwrap();
            listener.accept().await.unwrap();
        });
        return;
    }
    for code in ["ECONNABORTED", "EINTR", "EMFILE"] {
        let calls = under_strace(name, code, "accept4", &format!("error={code}:when=1..50"));
        assert_eq!((calls.len(), injected(&calls)), (51, 50), "{calls:?}");
    }
}

// EV-SRV-10
#[test]
fn a_server_reports_what_does_not_pass_and_goes_on_after_a_second() {
    let name = "a_server_reports_what_does_not_pass_and_goes_on_after_a_second";
    if part().is_none() {
        let calls = under_strace(name, "server", "accept4", "error=EINVAL:when=1..3");
        assert_eq!(injected(&calls), 3, "{calls:?}");
        return;
    }
    let event_loop = TestLoop::with_virtual_time();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.block_on(async {
        let server = TcpServer::new(async |client: TcpConnection| client.write(b"here").map(drop));
        server.bind("127.0.0.1:0").unwrap();
        let (client, clock) = (TcpClient::new(), VirtualClock::current());
        client.connect(server.local_addr().unwrap()).await.unwrap();
        let serving = spawn({
            let server = server.clone();
            async move { server.serve().await }
        });
        assert_eq!(client.read_bytes(4).await.unwrap(), b"here");
        assert_eq!(clock.elapsed().as_secs(), 3);
        let told = trace.take();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("cannot accept: Invalid argument"), "{told:?}");
        server.close();
        serving.await.unwrap().unwrap();
    });
}
