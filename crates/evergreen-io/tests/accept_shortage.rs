//! Accepting while there are no descriptors to be had: F1 of the fault catalogue. Both kinds of
//! listener accept by the same code; TCP stands for both.
//!
//! Limits are lowered, and the kernel made to fail by `strace`, in second processes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::thread;

use common::accepting::{accept_one, crowded, serve};
use common::child::{alone, injected, part, under_strace};
use common::scratch::Scratch;
use common::{TestLoop, beside};
use evergreen_io::io::{
    PipeClient, PipeConnection, PipeServer, TcpClient, TcpConnection, TcpServer,
};
use evergreen_sync::locks::Semaphore;
use evergreen_task::{Task, sleep, spawn, yield_now};
use evergreen_testing::Trace;
use futures_lite::future;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets the process have descriptors up to this number only.
fn limit_descriptors(current: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).unwrap();
}

/// The number that the next descriptor will have.
fn next_descriptor() -> u64 {
    let next = std::fs::File::open("/dev/null").unwrap();
    next.as_raw_fd().try_into().unwrap()
}

/// A server that has two descriptors for eight clients.
fn outlast_a_shortage(polled: bool) {
    let event_loop = TestLoop::with_virtual_time();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.block_on(async {
        let (listener, _clients) = crowded(8).await;
        limit_descriptors(next_descriptor() + 2);
        let (server, held) = serve(listener, polled);
        // Ten seconds of want are a few dozen attempts, and others run.
        sleep(10.0).await;
        assert_eq!(held.borrow().len(), 2);
        let attempts = server.task_ref().polls();
        assert!((15..40).contains(&attempts), "{attempts}");
        let told = trace.take();
        assert!(
            told.len() == 1 && told[0].contains("cannot accept: Too many open files"),
            "{told:?}"
        );
        // One place is free, and taken.
        held.borrow_mut().pop();
        sleep(1.0).await;
        assert_eq!(held.borrow().len(), 2);
        // It has served one meanwhile: this is another time of want.
        assert_eq!(trace.take().len(), 1);
        limit_descriptors(100);
        sleep(1.0).await;
        assert_eq!(held.borrow().len(), 7);
        assert!(!server.is_finished());
        server.kill();
    });
}

// F1: EMFILE
#[test]
fn a_server_without_descriptors_goes_on_when_one_is_free() {
    match part().as_deref() {
        None => {
            for part in ["awaited", "polled"] {
                alone("a_server_without_descriptors_goes_on_when_one_is_free", part);
            }
        },
        Some(part) => outlast_a_shortage(part == "polled"),
    }
}

// F1
#[test]
fn each_kind_of_shortage_is_waited_out_with_pauses_that_grow() {
    let name = "each_kind_of_shortage_is_waited_out_with_pauses_that_grow";
    if part().is_some() {
        let (told, took) = accept_one().unwrap();
        assert_eq!((told.len(), took), (1, 0.010 + 0.020 + 0.040));
        return;
    }
    for code in ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"] {
        let calls = under_strace(name, code, "accept4", &format!("error={code}:when=1..3"));
        assert_eq!((calls.len(), injected(&calls)), (4, 3), "{calls:?}");
    }
}

// F24: the poller has no room for the connection, which is lost; the server is not. The portable
// poller needs the same call for each wait.
#[test]
#[cfg(not(evergreen_portable))]
fn a_connection_that_the_poller_refuses_does_not_end_the_server() {
    let name = "a_connection_that_the_poller_refuses_does_not_end_the_server";
    if let Some(part) = part() {
        let event_loop = TestLoop::with_virtual_time();
        let trace = Trace::new().of_errors(&event_loop);
        event_loop.block_on(async {
            let (listener, _clients) = crowded(2).await;
            if part != "count" {
                listener.accept().await.unwrap();
                sleep(0.001).await;
                assert_eq!(trace.take().len(), 1);
            }
        });
        return;
    }
    let calls = under_strace(name, "count", "epoll_ctl", "error=ENOSPC:when=1000");
    let next = 1 + calls.iter().filter(|call| call.contains("EPOLL_CTL_ADD")).count();
    let calls = under_strace(name, "refuse", "epoll_ctl", &format!("error=ENOSPC:when={next}"));
    assert_eq!(injected(&calls), 1, "{calls:?}");
}

// F1, R-1: the pauses are the loop's, whatever thread accepts.
#[test]
fn a_shortage_is_waited_out_on_another_thread() {
    let name = "a_shortage_is_waited_out_on_another_thread";
    if part().is_none() {
        let calls = under_strace(name, "thread", "accept4", "error=ENFILE:when=1..2");
        assert!(calls.len() >= 3 && injected(&calls) == 2, "{calls:?}");
        return;
    }
    let event_loop = TestLoop::new();
    let trace = Trace::new().of_errors(&event_loop);
    let (listener, _clients) = event_loop.block_on(crowded(1));
    beside(&event_loop, move || {
        // The connection becomes that thread's.
        TestLoop::new().block_on(listener.accept()).map(drop).unwrap();
    });
    assert_eq!(trace.take().len(), 1);
    assert_eq!(event_loop.metrics().timers, 0);
}

// D-5, F1: the pause is that of whoever serves.
#[test]
fn a_server_that_is_given_up_in_want_of_descriptors_keeps_no_loop_alive() {
    let name = "a_server_that_is_given_up_in_want_of_descriptors_keeps_no_loop_alive";
    if part().is_none() {
        under_strace(name, "want", "accept4", "error=EMFILE");
        return;
    }
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let wanting = Rc::new(Semaphore::new(0).unwrap());
    let told = Rc::clone(&wanting);
    event_loop.set_exception_handler(move |_| told.release());
    event_loop.block_on(async {
        let tcp = TcpServer::new(async |_: TcpConnection| {});
        tcp.bind("127.0.0.1:0").unwrap();
        let pipe = PipeServer::new(async |_: PipeConnection| {});
        pipe.bind(scratch.join("pipe")).unwrap();
        let (client, other) = (TcpClient::new(), PipeClient::new());
        client.connect(tcp.local_addr().unwrap()).await.unwrap();
        other.connect(scratch.join("pipe")).await.unwrap();
        let serves = (tcp.clone(), pipe.clone());
        let serving = [
            spawn(async move { drop(serves.0.serve().await) }),
            spawn(async move { drop(serves.1.serve().await) }),
        ];
        for _ in &serving {
            wanting.acquire().await;
        }
        assert_eq!(event_loop.metrics().timers, 2);
        serving.iter().for_each(Task::kill);
        yield_now().await;
        assert_eq!(event_loop.metrics().timers, 0);
    });
}

// F1, F19: not a panic, and not for ever.
#[test]
fn who_waits_out_a_shortage_on_another_thread_hears_of_the_end_of_the_loop() {
    let name = "who_waits_out_a_shortage_on_another_thread_hears_of_the_end_of_the_loop";
    if part().is_none() {
        under_strace(name, "thread", "accept4", "error=ENFILE");
        return;
    }
    let event_loop = TestLoop::new();
    let (listener, _clients) = event_loop.block_on(crowded(1));
    let waiting = thread::spawn(move || future::block_on(listener.accept()).map(drop));
    while event_loop.metrics().timers == 0 {
        event_loop.turn(None).unwrap();
    }
    event_loop.destroy().unwrap();
    assert!(waiting.join().unwrap().is_err());
}
