//! `PipeServer` and `PipeClient`, with netcat and socat at the other end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::handlers::{TIMES, echo, lines, number, repeat, reverse};
use common::program::{Name, Program};
use common::{content, run};
use evergreen::io::{BaseStream, HandleConnection, PipeClient, PipeConnection, PipeServer};
use evergreen::spawn;
use futures_lite::future;

/// Runs a test with a server at a path and at an abstract name. The server is closed at the end.
fn with_server<H>(handler: H, test_name: &str, test: impl AsyncFn(&Name))
where
    H: HandleConnection<PipeConnection> + Copy,
{
    for name in ["UNIX", "ABSTRACT"].map(|family| Name::new(family, test_name)) {
        run(async || {
            let server = PipeServer::new(handler);
            server.bind(name.path()).unwrap();
            let serving = spawn({
                let server = server.clone();
                async move { server.serve().await }
            });
            test(&name).await;
            server.close();
            serving.await.unwrap().unwrap();
            // EV-PIPE-02
            assert!(!std::path::Path::new(name.as_str()).exists());
        });
    }
}

fn netcat_and_socat(name: &Name) -> [Program; 2] {
    let netcat = Program::start("nc", &["-N", "-U", &name.as_netcat_has_it()]);
    [netcat, Program::socat(&["STDIO", &name.to("CONNECT")])]
}

// EV-PIPE-03
#[test]
fn each_line_comes_back() {
    let lines = lines();
    with_server(echo, "echo", async |name| {
        for client in netcat_and_socat(name) {
            assert!(client.finish(&lines).await == lines);
        }
    });
}

// R-12, F9: the client has ended long before all is out.
#[test]
fn who_has_sent_its_last_line_gets_all_that_was_written() {
    with_server(repeat, "repeat", async |name| {
        for client in netcat_and_socat(name) {
            assert!(client.finish(b"last\n").await == b"last\n".repeat(TIMES));
        }
    });
}

// EV-STR-08, F9
#[test]
fn an_answer_may_begin_when_the_client_has_ended() {
    let lines = lines();
    let reversed: Vec<u8> = lines.iter().rev().copied().collect();
    with_server(reverse, "reverse", async |name| {
        for client in netcat_and_socat(name) {
            assert!(client.finish(&lines).await == reversed);
        }
    });
}

// EV-STR-04: so do CR and LF.
#[test]
fn lines_may_come_byte_by_byte() {
    let lines = |number: fn(i32) -> String| -> String { (1..=100).map(number).collect() };
    let sent = lines(|number| format!("line {number}\r\n"));
    let answered = lines(|number| format!("{number} line {number}\r\n"));
    with_server(number, "number", async |name| {
        let client = Program::socat(&["-b", "1", "STDIO", &name.to("CONNECT")]);
        let answers = client.finish(sent.as_bytes()).await;
        assert_eq!(String::from_utf8(answers).unwrap(), format!("ready\r\n{answered}"));
    });
}

// EV-PIPE-01, EV-STR-18, F9
#[test]
fn a_client_that_has_ended_its_half_is_answered() {
    let (lines, answer) = (lines(), content(1 << 20));
    for name in ["UNIX", "ABSTRACT"].map(|family| Name::new(family, "client")) {
        run(async || {
            let mut server = Program::socat(&[&name.to("LISTEN"), "STDIO"]);
            server.says("listening on").await;
            let client = PipeClient::new();
            client.write(&lines).unwrap();
            client.connect(name.path()).await.unwrap();
            let (ended, received) = future::zip(client.shutdown(), server.receives(&lines)).await;
            ended.unwrap();
            assert!(received);
            server.says("is at EOF").await;
            let reading = client.read_bytes(usize::MAX);
            let (answered, rest) = future::zip(reading, server.finish(&answer)).await;
            assert!(answered.unwrap() == answer);
            assert_eq!(rest.len(), 0);
        });
    }
}
