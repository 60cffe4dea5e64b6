//! Open files: bytes, position, and the ways to get and to give back one.

mod common;

use std::io::{IoSlice, SeekFrom};

use common::busy_pool::busy_pool;
use common::scratch::Scratch;
use common::{TestLoop, content};
use evergreen_io::fs::{self, File};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

// F7: through a buffer smaller than the content, in parts of every size.
#[test]
fn what_was_written_is_read_back() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let bytes = content(100_000, 1);
    event_loop.block_on(async {
        let mut file = scratch.file(b"").await;
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
        let mut file = scratch.file(b"").await;
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
        let mut file = scratch.file(b"0123456789").await;
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

#[test]
fn a_file_is_measured_cut_synced_and_given_back() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let file = scratch.file(b"0123456789").await;
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

// looking whether it is at work is no result that counts.
#[test]
fn a_file_with_nothing_under_way_is_given_back_however_busy_the_task_was() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    std::fs::write(scratch.join("file"), "word").expect("a file");
    event_loop.block_on(async {
        for _ in 0..300 {
            let file = File::from_std(std::fs::File::open(scratch.join("file")).expect("there"));
            file.try_into_std().expect("nothing is under way");
        }
    });
}

#[test]
fn the_ways_to_open_make_and_refuse() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let path = scratch.join("new");
    event_loop.block_on(async {
        assert_eq!(File::open(&path).await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
        let mut made = File::create_new(&path).await.unwrap();
        made.write_all(b"word").await.unwrap();
        made.flush().await.unwrap();
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

//
#[test]
fn a_task_that_seeks_for_ever_takes_turns() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch.file(b"").await;
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
