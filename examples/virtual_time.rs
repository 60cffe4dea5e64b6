//! Testing, in no time, a program that waits for hours: the tools of `evergreen-testing`.
//!
//! ```sh
//! cargo run --example virtual_time
//! ```
//!
//! You should see the following at once, although it tells of hours:
//!
//! ```text
//! twelve failures took 4095s
//! ["connect", "3600s reload", "7200s reload"]
//! after an hour by hand: ["3600s reload"]
//! HELLO
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{sleep, spawn};
use evergreen_testing::{MemoryStream, TestLoop, Trace, VirtualClock, duplex, must_suspend};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::{future::Future, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);

// ANCHOR: wait
/// Waits longer after each failure.
async fn connect(failures: u32) -> &'static str {
    for failed in 0..failures {
        sleep(Duration::from_secs(1 << failed)).await;
    }
    "connected"
}

async fn each_failure_doubles_the_wait() {
    assert_eq!(connect(12).await, "connected");
    println!("twelve failures took {:?}", VirtualClock::current().elapsed());
}
// ANCHOR_END: wait

// ANCHOR: trace
async fn server(clock: VirtualClock, trace: Trace) {
    trace.note("connect");
    loop {
        sleep(HOUR).await;
        trace.note(format_args!("{:?} reload", clock.elapsed()));
    }
}

async fn server_reloads_every_hour() {
    let trace = Trace::new();
    let task = spawn(server(VirtualClock::current(), trace.clone()));
    sleep(2.5 * 3600.0).await;
    task.kill();
    println!("{trace:?}");
    trace.assert_eq(["connect", "3600s reload", "7200s reload"]);
}
// ANCHOR_END: trace

// ANCHOR: advance
async fn server_by_hand() {
    let (clock, trace) = (VirtualClock::current(), Trace::new());
    let _frozen = clock.freeze(); // time moves by `advance` only
    drop(spawn(server(clock.clone(), trace.clone())));
    clock.until_parked().await; // the task has connected, and sleeps
    trace.assert_eq(["connect"]);
    must_suspend(clock.advance(HOUR)).await;
    println!("after an hour by hand: {:?}", trace.take());
}
// ANCHOR_END: advance

// ANCHOR: stream
async fn shout(mut stream: MemoryStream) -> std::io::Result<()> {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    stream.write_all(&text.to_ascii_uppercase()).await
}

async fn shouting_needs_no_socket() -> std::io::Result<()> {
    let (mut client, server) = duplex(2); // two bytes of buffer find those who write too much
    let task = spawn(shout(server));
    client.write_all(b"hello").await?;
    client.close().await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    println!("{answer}");
    task.await.expect("neither killed nor panicked")
}
// ANCHOR_END: stream

fn in_virtual_time<F: Future>(test: F) -> F::Output {
    TestLoop::with_virtual_time().block_on(test)
}

fn main() -> std::io::Result<()> {
    in_virtual_time(each_failure_doubles_the_wait());
    in_virtual_time(server_reloads_every_hour());
    in_virtual_time(server_by_hand());
    in_virtual_time(shouting_needs_no_socket())
}
