//! `TcpServer`, with netcat, socat and telnet at the other end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::handlers::{TIMES, echo, lines, number, repeat, reverse, terminal};
use common::program::Program;
use common::run;
use evergreen::io::{HandleConnection, TcpConnection, TcpServer};
use evergreen::spawn;

/// Runs a test with a server at an address of each family. The server is closed at the end.
fn with_server<H>(handler: H, test: impl AsyncFn(&str, &str))
where
    H: HandleConnection<TcpConnection> + Copy,
{
    for (host, literal) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
        run(async || {
            let server = TcpServer::new(handler);
            server.bind(format!("{literal}:0")).unwrap();
            let port = server.local_addr().unwrap().port().to_string();
            let serving = spawn({
                let server = server.clone();
                async move { server.serve().await }
            });
            test(host, &port).await;
            server.close();
            serving.await.unwrap().unwrap();
        });
    }
}

/// An address of socat.
fn socat_address(host: &str, port: &str) -> String {
    if host.contains(':') { format!("TCP6:[{host}]:{port}") } else { format!("TCP4:{host}:{port}") }
}

fn netcat_and_socat(host: &str, port: &str) -> [Program; 2] {
    let netcat = Program::start("nc", &["-N", host, port]);
    [netcat, Program::socat(&["STDIO", &socat_address(host, port)])]
}

#[test]
fn each_line_comes_back() {
    let lines = lines();
    with_server(echo, async |host, port| {
        for client in netcat_and_socat(host, port) {
            assert!(client.finish(&lines).await == lines);
        }
    });
}

// R-12, F9: the client has ended long before all is out.
#[test]
fn who_has_sent_its_last_line_gets_all_that_was_written() {
    with_server(repeat, async |host, port| {
        for client in netcat_and_socat(host, port) {
            assert!(client.finish(b"last\n").await == b"last\n".repeat(TIMES));
        }
    });
}

// EV-STR-08, F9
#[test]
fn an_answer_may_begin_when_the_client_has_ended() {
    let lines = lines();
    let reversed: Vec<u8> = lines.iter().rev().copied().collect();
    with_server(reverse, async |host, port| {
        for client in netcat_and_socat(host, port) {
            assert!(client.finish(&lines).await == reversed);
        }
    });
}

#[test]
fn telnet_has_each_key_answered() {
    with_server(terminal, async |host, port| {
        let mut client = Program::start("telnet", &[host, port]);
        client.hears(b"ready\n").await;
        for line in ["one\n", "\n", "and two\n"] {
            for key in line.bytes() {
                client.send(&[key]).await;
                assert!(client.receives(&[key]).await);
            }
            assert!(client.receives(line.as_bytes()).await, "{line:?}");
        }
        client.child.kill().await.unwrap();
    });
}

// EV-STR-04: what telnet sends when it reads CR is CR NUL, which ends no line.
#[test]
fn telnet_ends_lines_by_cr_lf_alone() {
    with_server(number, async |host, port| {
        let mut client = Program::start("telnet", &[host, port]);
        client.hears(b"ready\n").await;
        for key in b"one\n\nwith\rin\n" {
            client.send(&[*key]).await;
        }
        client.hears(b"1 one\n2 \n3 with\rin\n").await;
        client.child.kill().await.unwrap();
    });
}

// EV-STR-04: so do CR and LF.
#[test]
fn lines_may_come_byte_by_byte() {
    let lines = |number: fn(i32) -> String| -> String { (1..=100).map(number).collect() };
    let sent = lines(|number| format!("line {number}\r\n"));
    let answered = lines(|number| format!("{number} line {number}\r\n"));
    with_server(number, async |host, port| {
        let address = format!("{},nodelay", socat_address(host, port));
        let client = Program::socat(&["-b", "1", "STDIO", &address]);
        let answers = client.finish(sent.as_bytes()).await;
        assert_eq!(String::from_utf8(answers).unwrap(), format!("ready\r\n{answered}"));
    });
}
