//! What is left of an operation on a file that is killed, or waited for by many.

mod common;

use std::io::{SeekFrom, Write};

use common::TestLoop;
use common::busy_pool::{begin, busy_pool};
use common::scratch::Scratch;
use evergreen_io::fs::File;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

// F17: what the killed read had fetched goes to the next one, whatever its length.
#[test]
fn a_read_that_is_killed_loses_nothing() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch.file(b"0123456789").await;
        begin(file.read(&mut [0; 6]));
        let mut bytes = [0; 4];
        assert_eq!(file.read(&mut bytes).await.unwrap(), 4);
        assert_eq!(&bytes, b"0123");
        assert_eq!(file.read(&mut bytes).await.unwrap(), 2);
        assert_eq!(&bytes[..2], b"45");
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"6789");
    });
}

// F17: the system is ahead by what was fetched.
#[test]
fn after_a_killed_read_all_else_goes_on_where_the_task_is() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch.file(b"0123456789").await;
        begin(file.read(&mut [0; 6]));
        assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 1);
        begin(file.read(&mut [0; 6]));
        file.write_all(b"a").await.unwrap();
        file.flush().await.unwrap();
        begin(file.read(&mut [0; 6]));
        let mut clone = file.try_clone().await.unwrap();
        clone.write_all(b"b").await.unwrap();
        clone.flush().await.unwrap();
        begin(file.read(&mut [0; 6]));
        let mut std = file.into_std().await;
        std.write_all(b"c").unwrap();
        assert_eq!(std::fs::read(scratch.join("file")).unwrap(), b"0abc456789");
    });
}

// F17
#[test]
fn a_write_that_is_killed_has_taken_nothing() {
    let (event_loop, release) = busy_pool();
    let scratch = Scratch::new();
    let mut file = File::from_std(std::fs::File::create(scratch.join("file")).unwrap());
    event_loop.block_on(async {
        file.write_all(b"a").await.unwrap();
        begin(file.write_all(b"never"));
        begin(file.flush());
        begin(file.seek(SeekFrom::Start(0)));
        begin(file.set_len(0));
        drop(release);
        file.write_all(b"b").await.unwrap();
        file.flush().await.unwrap();
    });
    assert_eq!(std::fs::read(scratch.join("file")).unwrap(), b"ab");
}

// D-5: the loop lives until the bytes are written.
#[test]
fn what_was_taken_is_written_though_the_file_is_dropped() {
    let (event_loop, release) = busy_pool();
    let scratch = Scratch::new();
    let mut file = File::from_std(std::fs::File::create(scratch.join("file")).unwrap());
    event_loop.block_on(async {
        file.write_all(b"word").await.unwrap();
        drop(file);
    });
    drop(release);
    event_loop.run().unwrap();
    assert_eq!(std::fs::read(scratch.join("file")).unwrap(), b"word");
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
}

// A job wakes one waker only: that of the file wakes all.
#[test]
fn all_tasks_that_wait_for_a_file_are_woken() {
    let (event_loop, release) = busy_pool();
    let scratch = Scratch::new();
    let file = File::from_std(std::fs::File::create(scratch.join("file")).unwrap());
    let file = std::rc::Rc::new(file);
    event_loop.block_on(async {
        (&*file).write_all(b"word").await.unwrap();
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                let file = std::rc::Rc::clone(&file);
                evergreen_task::spawn(async move { file.metadata().await.unwrap().len() })
            })
            .collect();
        evergreen_task::yield_now().await;
        drop(release);
        for task in tasks {
            assert_eq!(task.await.unwrap(), 4);
        }
    });
}

// What has no position cannot be rewound.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_read_of_a_pipe_keeps_its_bytes_whatever_comes_next() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let mut fifo = scratch.fifo();
    fifo.write_all(b"abc").unwrap();
    let mut file = File::from_std(fifo);
    event_loop.block_on(async {
        begin(file.read(&mut [0; 3]));
        file.metadata().await.unwrap();
        file.write_all(b"def").await.unwrap();
        let mut bytes = [0; 6];
        file.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"abcdef");
        assert_eq!(
            file.seek(SeekFrom::Start(0)).await.unwrap_err().raw_os_error(),
            Some(libc::ESPIPE)
        );
    });
}
