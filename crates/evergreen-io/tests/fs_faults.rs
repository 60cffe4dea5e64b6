//! Disks that are full or broken, calls that are interrupted. F4, F6.
#![cfg(target_os = "linux")]

mod common;

use std::fs::File as StdFile;
use std::io::{self, ErrorKind, SeekFrom};

use common::busy_pool::small_pool;
use common::child::{alone, injected, made, part, under_strace, under_strace_at};
use common::scratch::Scratch;
use common::{TestLoop, content};
use evergreen_io::fs::{self, File, PathError};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use rustix::process::{Resource, Rlimit, setrlimit};

/// A device that is always full, after a write that it has not taken.
async fn after_failed_write() -> File {
    let full = StdFile::options().read(true).write(true).open("/dev/full").expect("a device");
    let mut file = File::from_std(full);
    file.write_all(b"word").await.expect("taken");
    file
}

fn assert_full<T>(result: io::Result<T>) {
    let error = result.map(drop).expect_err("nothing can be written");
    assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::StorageFull, Some(libc::ENOSPC)));
}

// F6
#[test]
fn a_full_disk_is_told_by_the_next_operation_whichever_it_is_and_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let mut file = after_failed_write().await;
        assert_full(file.flush().await);
        file.flush().await.unwrap();
        assert_full(after_failed_write().await.close().await);
        assert_full(after_failed_write().await.write(b"more").await);
        assert_full(after_failed_write().await.read(&mut [0; 1]).await);
        assert_full(after_failed_write().await.seek(SeekFrom::Start(0)).await);
        assert_full(after_failed_write().await.seek(SeekFrom::End(0)).await);
        assert_full(after_failed_write().await.sync_all().await);
        assert_full(after_failed_write().await.sync_data().await);
        assert_full(after_failed_write().await.set_len(0).await);
        assert_full(after_failed_write().await.metadata().await);
        assert_full(after_failed_write().await.try_clone().await);
    });
}

// F6
#[test]
fn a_full_disk_is_an_error_of_functions_that_write_whole_files() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let from = scratch.join("from");
        fs::write(&from, "word").await.unwrap();
        for result in
            [fs::write("/dev/full", "word").await, fs::copy(&from, "/dev/full").await.map(drop)]
        {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            let inside = PathError::of(&error).unwrap();
            assert_eq!(inside.cause().raw_os_error(), Some(libc::ENOSPC));
        }
    });
}

// F6: the limit of file sizes, in a process of its own. Its signal would end that.
#[test]
fn a_file_that_grows_too_large_tells_how_far_it_came() {
    let name = "a_file_that_grows_too_large_tells_how_far_it_came";
    if part().is_none() {
        return alone(name, "limited");
    }
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.add_signal_handler(libc::SIGXFSZ, || ()).unwrap();
    setrlimit(Resource::Fsize, Rlimit { current: Some(4_096), maximum: None }).unwrap();
    event_loop.block_on(async {
        let mut file = File::create(scratch.join("file")).await.unwrap();
        file.write_all(&content(10_000, 1)).await.unwrap();
        let error = file.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.raw_os_error(), Some(libc::EFBIG));
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 4_096);
        assert_eq!(file.metadata().await.unwrap().len(), 4_096);
    });
}

// F6: by the kernel.
#[test]
fn a_quota_or_a_broken_disk_is_an_error_of_the_write() {
    let name = "a_quota_or_a_broken_disk_is_an_error_of_the_write";
    let faults = [("EDQUOT", libc::EDQUOT), ("EIO", libc::EIO), ("ENOSPC", libc::ENOSPC)];
    if let Some(part) = part() {
        let code = faults.iter().find(|(fault, _)| *fault == part).map(|(_, code)| *code);
        // The faults are counted by thread.
        return small_pool().block_on(async {
            let mut file = File::create("/dev/null").await.unwrap();
            file.write_all(b"first").await.unwrap();
            assert_eq!(file.write_all(b"second").await.unwrap_err().raw_os_error(), code);
            file.write_all(b"third").await.unwrap();
            file.flush().await.unwrap();
        });
    }
    for (fault, _) in faults {
        let inject = format!("error={fault}:when=1");
        let calls = under_strace_at("/dev/null", name, fault, "write", &inject);
        assert_eq!((injected(&calls), made(&calls)), (1, 2), "{calls:?}");
    }
}

// F6: by the kernel.
#[test]
fn a_disk_that_breaks_when_it_is_synced_says_so_to_the_one_who_asks() {
    let name = "a_disk_that_breaks_when_it_is_synced_says_so_to_the_one_who_asks";
    if part().is_none() {
        let calls = under_strace(name, "broken", "fsync,fdatasync", "error=EIO");
        return assert_eq!(injected(&calls), 2, "{calls:?}");
    }
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let file = File::create(scratch.join("file")).await.unwrap();
        assert_eq!(file.sync_all().await.unwrap_err().raw_os_error(), Some(libc::EIO));
        assert_eq!(file.sync_data().await.unwrap_err().raw_os_error(), Some(libc::EIO));
    });
}

// F4
#[test]
fn calls_that_are_interrupted_fifty_times_are_made_again() {
    let name = "calls_that_are_interrupted_fifty_times_are_made_again";
    if let Some(part) = part() {
        return TestLoop::new().block_on(async {
            if part == "read" {
                let mut bytes = [1; 4];
                File::open("/dev/zero").await.unwrap().read_exact(&mut bytes).await.unwrap();
                assert_eq!(bytes, [0; 4]);
            } else {
                let mut file = File::create("/dev/null").await.unwrap();
                file.write_all(b"word").await.unwrap();
                file.flush().await.unwrap();
            }
        });
    }
    for (call, path) in [("read", "/dev/zero"), ("write", "/dev/null")] {
        let calls = under_strace_at(path, name, call, call, "error=EINTR:when=1..50");
        assert_eq!((injected(&calls), made(&calls)), (50, 51), "{calls:?}");
    }
}
