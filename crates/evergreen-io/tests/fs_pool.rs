//! Files when the pool is busy or has no thread, and when the loop goes. F28.
#![cfg(target_os = "linux")]

mod common;

use std::fs::File as StdFile;
use std::io::{self, ErrorKind, Read};
use std::thread;

use common::busy_pool::{begin, busy_pool};
use common::child::{injected, made, part, under_strace, under_strace_at};
use common::scratch::Scratch;
use common::{TestLoop, content};
use evergreen_io::fs::{self, File};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

// F28
#[test]
fn while_the_pool_is_busy_files_wait_and_the_rest_goes_on() {
    let (event_loop, release) = busy_pool();
    let scratch = Scratch::new();
    std::fs::write(scratch.join("file"), "word").unwrap();
    let mut file = File::from_std(StdFile::open(scratch.join("file")).unwrap());
    event_loop.block_on(async {
        begin(fs::read(scratch.join("file")));
        let reading = evergreen_task::spawn(async move {
            let mut bytes = [0; 4];
            file.read_exact(&mut bytes).await.unwrap();
            bytes
        });
        evergreen_task::yield_now().await;
        assert!(!reading.is_finished());
        drop(release);
        assert_eq!(reading.await.unwrap(), *b"word");
    });
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
}

// F28
#[test]
fn an_operation_that_the_end_of_its_loop_kept_from_beginning_is_an_error_once() {
    let (event_loop, release) = busy_pool();
    let scratch = Scratch::new();
    std::fs::write(scratch.join("file"), "word").unwrap();
    let mut file = File::from_std(StdFile::open(scratch.join("file")).unwrap());
    begin(file.read(&mut [0; 4]));
    event_loop.destroy().unwrap();
    drop(release);
    evergreen_loop::block_on(async {
        let error = file.read(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.to_string(), "the event loop is destroyed");
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "word");
    });
}

// F28
#[test]
fn what_was_taken_is_written_though_its_loop_ends_first() {
    let (event_loop, release) = busy_pool();
    let scratch = Scratch::new();
    let mut file = event_loop.block_on(async {
        let mut file = File::from_std(StdFile::create(scratch.join("file")).unwrap());
        file.write_all(b"word").await.unwrap();
        file
    });
    event_loop.destroy().unwrap();
    assert_eq!(std::fs::read(scratch.join("file")).unwrap(), b"word");
    drop(release);
    // And not again.
    evergreen_loop::block_on(file.flush()).unwrap();
    assert_eq!(std::fs::read(scratch.join("file")).unwrap(), b"word");
}

// F28: by the kernel, which takes its time.
#[test]
fn a_thread_does_not_end_before_its_dropped_files_have_what_they_took() {
    let name = "a_thread_does_not_end_before_its_dropped_files_have_what_they_took";
    let path = |part: &str| std::env::temp_dir().join(part);
    if let Some(part) = part() {
        let written = path(&part);
        let file = File::from_std(StdFile::create(&written).unwrap());
        let writing = async move {
            let mut file = file;
            file.write_all(b"word").await?;
            // By then it has begun, if the machine is not too busy; if it has not, all the same.
            evergreen_task::sleep(0.05).await;
            io::Result::Ok(())
        };
        thread::spawn(|| evergreen_loop::block_on(writing)).join().unwrap().unwrap();
        return assert_eq!(std::fs::read(written).unwrap(), b"word");
    }
    let part = format!("evergreen-io-slow-{}", std::process::id());
    let slow = path(&part);
    let calls = under_strace_at(slow.to_str().unwrap(), name, &part, "write", "delay_enter=400000");
    std::fs::remove_file(slow).unwrap();
    assert_eq!(made(&calls), 1, "{calls:?}");
}

// F28: the job is left to its thread.
#[test]
fn a_write_that_outlives_its_loop_is_waited_for_on_another_one() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let mut fifo = scratch.fifo();
    let mut file = File::from_std(fifo.try_clone().unwrap());
    // More than a pipe holds.
    let bytes = content(200_000, 1);
    event_loop.block_on(async { assert_eq!(file.write(&bytes).await.unwrap(), bytes.len()) });
    let mut received = vec![0; bytes.len()];
    // By now it has begun.
    fifo.read_exact(&mut received[..1]).unwrap();
    event_loop.destroy().unwrap();
    let elsewhere = thread::spawn(move || {
        let mut flush = Box::pin(async move { file.flush().await });
        evergreen_loop::block_on(async {
            begin(&mut flush);
            fifo.read_exact(&mut received[1..]).unwrap();
            flush.await.unwrap();
        });
        received
    });
    assert!(elsewhere.join().unwrap() == bytes);
}

//
#[test]
fn a_file_is_used_on_another_thread_and_dropped_on_one_without_a_loop() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let path = scratch.join("file");
    let mut file = event_loop.block_on(File::create(&path)).unwrap();
    event_loop.block_on(async { file.write_all(b"here ").await.unwrap() });
    let there = thread::spawn(move || {
        evergreen_loop::block_on(async {
            file.write_all(b"there").await.unwrap();
            file.flush().await.unwrap();
        });
        file
    });
    // What it waits for is delivered by this loop.
    event_loop.run().unwrap();
    let file = there.join().unwrap();
    thread::spawn(move || drop(file)).join().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"here there");
}

#[track_caller]
fn assert_no_thread<T>(result: io::Result<T>) {
    let error = result.map(drop).expect_err("there is no thread");
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().starts_with("no thread for a blocking job: "), "{error}");
}

// F28: by the kernel. The harness falls back to its own thread.
#[test]
fn a_pool_without_a_thread_is_an_error_and_nothing_is_lost() {
    let name = "a_pool_without_a_thread_is_an_error_and_nothing_is_lost";
    if part().is_none() {
        let calls = under_strace(name, "refused", "clone,clone3", "error=EAGAIN:when=1..3");
        return assert_eq!(injected(&calls), 3, "{calls:?}");
    }
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    std::fs::write(scratch.join("file"), "word").unwrap();
    let options = StdFile::options().read(true).write(true).open(scratch.join("file"));
    let mut file = File::from_std(options.unwrap());
    event_loop.block_on(async {
        assert_no_thread(fs::read(scratch.join("file")).await);
        assert_no_thread(file.write(b"never").await);
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "word");
    });
}
