//! Going through the entries of a directory.

mod common;

use std::collections::BTreeSet;
use std::pin::pin;

use common::TestLoop;
use common::scratch::Scratch;
use evergreen_io::fs;
use evergreen_testing::poll_once;
use futures_lite::StreamExt;

fn with_files(count: usize) -> Scratch {
    let scratch = Scratch::new();
    for number in 0..count {
        std::fs::write(scratch.join(number.to_string()), "").expect("a directory of ours");
    }
    scratch
}

// Around the number that is fetched at a time.
#[test]
fn every_entry_comes_once() {
    let event_loop = TestLoop::new();
    for count in [0, 1, 31, 32, 33, 64, 100] {
        let scratch = with_files(count);
        let mut names = Vec::new();
        event_loop.block_on(async {
            let mut entries = fs::read_dir(&*scratch).await.unwrap();
            while let Some(entry) = entries.next_entry().await.unwrap() {
                assert_eq!(entry.path(), scratch.join(entry.file_name()));
                names.push(entry.file_name());
            }
            assert!(entries.next_entry().await.unwrap().is_none());
        });
        assert_eq!(names.len(), count);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), count);
    }
}

#[test]
fn a_directory_is_a_stream_of_entries() {
    let (event_loop, scratch) = (TestLoop::new(), with_files(40));
    let names = event_loop.block_on(async {
        let entries = fs::read_dir(&*scratch).await.unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<BTreeSet<_>>().await
    });
    assert_eq!(names.len(), 40);
}

// F17
#[test]
fn a_next_entry_that_is_killed_loses_nothing() {
    let (event_loop, scratch) = (TestLoop::new(), with_files(40));
    let mut count = 0;
    event_loop.block_on(async {
        let mut entries = fs::read_dir(&*scratch).await.unwrap();
        loop {
            let killed = poll_once(&mut pin!(entries.next_entry()));
            let entry = match killed {
                std::task::Poll::Ready(entry) => entry,
                std::task::Poll::Pending => entries.next_entry().await,
            };
            if entry.unwrap().is_none() {
                break;
            }
            count += 1;
        }
    });
    assert_eq!(count, 40);
}

// An error is no end: outside of the loop nothing can be read, and behind it all is there.
#[test]
fn a_walk_goes_on_behind_an_error() {
    let scratch = with_files(3);
    let path = scratch.to_path_buf();
    let mut entries = TestLoop::new().block_on(fs::read_dir(path)).expect("a directory");
    for _ in 0..2 {
        let error = futures_lite::future::block_on(entries.next_entry());
        assert!(error.is_err(), "{error:?}");
    }
    let mut count = 0;
    TestLoop::new().block_on(async {
        while entries.next_entry().await.expect("the directory is there").is_some() {
            count += 1;
        }
    });
    assert_eq!(count, 3);
}

#[test]
fn an_entry_tells_what_it_is() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    std::fs::create_dir(scratch.join("directory")).unwrap();
    event_loop.block_on(async {
        fs::symlink("directory", scratch.join("link")).await.unwrap();
        let mut entries = fs::read_dir(&*scratch).await.unwrap();
        while let Some(entry) = entries.next_entry().await.unwrap() {
            let (kind, metadata) =
                (entry.file_type().await.unwrap(), entry.metadata().await.unwrap());
            assert_eq!(kind.is_symlink(), entry.file_name() == "link");
            assert_eq!(kind, metadata.file_type());
            assert_eq!(entry.ino(), std::os::unix::fs::MetadataExt::ino(&metadata));
        }
    });
}

#[test]
fn an_entry_that_was_removed_is_named() {
    let (event_loop, scratch) = (TestLoop::new(), with_files(1));
    event_loop.block_on(async {
        let mut entries = fs::read_dir(&*scratch).await.unwrap();
        let entry = entries.next_entry().await.unwrap().unwrap();
        fs::remove_file(entry.path()).await.unwrap();
        let error = entry.metadata().await.unwrap_err();
        assert_eq!(fs::PathError::of(&error).unwrap().path(), entry.path());
    });
}
