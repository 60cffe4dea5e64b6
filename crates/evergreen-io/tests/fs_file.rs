//! Open files: bytes, position, and what is left when an operation is killed.

mod common;

use std::io::{IoSlice, SeekFrom, Write};

use common::busy_pool::{begin, busy_pool};
use common::scratch::Scratch;
use common::{TestLoop, content};
use evergreen_io::fs::{self, File};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

async fn scratch_file(scratch: &Scratch, bytes: &[u8]) -> File {
    let path = scratch.join("file");
    std::fs::write(&path, bytes).expect("a directory of ours");
    File::options().read(true).write(true).open(path).await.expect("made just now")
}

// F7: through a buffer smaller than the content, in parts of every size.
#[test]
fn what_was_written_is_read_back() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let bytes = content(100_000, 1);
    event_loop.block_on(async {
        let mut file = scratch_file(&scratch, b"").await;
        assert_eq!(file.max_buf_size(), 2 << 20);
        file.set_max_buf_size(4_096);
        file.write_all(&bytes).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Start(0)).await.unwrap(), 0);
        let mut back = Vec::new();
        file.read_to_end(&mut back).await.unwrap();
        assert!(back == bytes);
        file.set_max_buf_size(0);
        assert_eq!(file.max_buf_size(), 1);
        assert_eq!(file.write(&bytes).await.unwrap(), 1);
        file.flush().await.unwrap();
    });
    assert_eq!(std::fs::metadata(scratch.join("file")).unwrap().len(), 100_001);
}

#[test]
fn several_slices_are_written_as_one() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch_file(&scratch, b"").await;
        file.set_max_buf_size(5);
        let slices = [IoSlice::new(b"abc"), IoSlice::new(b""), IoSlice::new(b"defg")];
        assert_eq!(file.write_vectored(&slices).await.unwrap(), 5);
        assert_eq!(file.write(b"").await.unwrap(), 0);
        file.close().await.unwrap();
        assert_eq!(std::fs::read(scratch.join("file")).unwrap(), b"abcde");
    });
}

#[test]
fn a_seek_counts_from_where_the_task_is() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch_file(&scratch, b"0123456789").await;
        let mut bytes = [0; 3];
        file.read_exact(&mut bytes).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 4);
        file.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"456");
        assert_eq!(file.seek(SeekFrom::End(-2)).await.unwrap(), 8);
        // Written by another handle since the size was asked for.
        std::fs::write(scratch.join("file"), "0123456789ab").unwrap();
        assert_eq!(file.seek(SeekFrom::End(-2)).await.unwrap(), 10);
        let error = file.seek(SeekFrom::Current(-11)).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 10);
    });
}

// F17: what the killed read had fetched goes to the next one, whatever its length.
#[test]
fn a_read_that_is_killed_loses_nothing() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch_file(&scratch, b"0123456789").await;
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
        let mut file = scratch_file(&scratch, b"0123456789").await;
        begin(file.read(&mut [0; 6]));
        assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 1);
        begin(file.read(&mut [0; 6]));
        file.write_all(b"a").await.unwrap();
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

#[test]
fn a_file_is_measured_cut_synced_and_given_back() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let file = scratch_file(&scratch, b"0123456789").await;
        assert_eq!(file.metadata().await.unwrap().len(), 10);
        file.set_len(4).await.unwrap();
        file.sync_all().await.unwrap();
        file.sync_data().await.unwrap();
        let mut permissions = file.metadata().await.unwrap().permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions).await.unwrap();
        assert!(fs::metadata(scratch.join("file")).await.unwrap().permissions().readonly());
        assert_eq!(file.try_into_std().unwrap().metadata().unwrap().len(), 4);
    });
}

#[test]
fn a_file_that_is_at_work_is_not_given_back_at_once() {
    let (event_loop, release) = busy_pool();
    let scratch = Scratch::new();
    let mut file = File::from_std(std::fs::File::create(scratch.join("file")).unwrap());
    event_loop.block_on(async {
        file.write_all(b"word").await.unwrap();
        let file = file.try_into_std().unwrap_err();
        drop(release);
        assert_eq!(file.into_std().await.metadata().unwrap().len(), 4);
    });
}

#[test]
fn the_ways_to_open_make_and_refuse() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let path = scratch.join("new");
    event_loop.block_on(async {
        assert_eq!(File::open(&path).await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
        File::create_new(&path).await.unwrap().write_all(b"word").await.unwrap();
        let error = File::create_new(&path).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        let mut log = File::options().append(true).open(&path).await.unwrap();
        log.write_all(b"s").await.unwrap();
        log.flush().await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"words");
        drop(File::create(&path).await.unwrap());
        assert_eq!(fs::read(&path).await.unwrap(), b"");
        let error = File::options().open(&path).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        let mut read_only = File::open(&path).await.unwrap();
        read_only.write_all(b"word").await.unwrap();
        assert_eq!(read_only.flush().await.unwrap_err().raw_os_error(), Some(libc::EBADF));
    });
}

// What has no position cannot be rewound.
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

//
#[test]
fn a_task_that_seeks_for_ever_takes_turns() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch_file(&scratch, b"").await;
        let seeking = evergreen_task::spawn(async move {
            loop {
                file.seek(SeekFrom::Start(0)).await.unwrap();
            }
        });
        evergreen_task::yield_now().await;
        evergreen_task::yield_now().await;
        seeking.kill();
    });
}
