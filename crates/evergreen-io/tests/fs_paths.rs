//! What takes a path: the work, and errors that name the path and keep their kind.

mod common;

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::TestLoop;
use common::scratch::Scratch;
use evergreen_io::fs::{self, DirBuilder, File, PathError};
use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

#[test]
fn files_are_written_copied_renamed_and_removed() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let [one, two, three] = ["one", "two", "three"].map(|name| scratch.join(name));
    event_loop.block_on(async {
        fs::write(&one, "word").await.unwrap();
        assert_eq!(fs::copy(&one, &two).await.unwrap(), 4);
        fs::rename(&two, &three).await.unwrap();
        assert!(!fs::try_exists(&two).await.unwrap());
        assert_eq!(fs::read_to_string(&three).await.unwrap(), "word");
        assert_eq!(fs::read(&one).await.unwrap(), b"word");
        fs::set_permissions(&one, std::fs::Permissions::from_mode(0o400)).await.unwrap();
        assert_eq!(fs::metadata(&one).await.unwrap().permissions().mode() & 0o777, 0o400);
        fs::remove_file(&one).await.unwrap();
        assert!(!one.exists());
    });
}

#[test]
fn directories_are_made_and_removed() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        fs::create_dir(scratch.join("a")).await.unwrap();
        fs::create_dir_all(scratch.join("b/c/d")).await.unwrap();
        DirBuilder::new().mode(0o700).create(scratch.join("e")).await.unwrap();
        DirBuilder::new().recursive(true).create(scratch.join("e/f/g")).await.unwrap();
        let mode = fs::metadata(scratch.join("e")).await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::remove_dir(scratch.join("a")).await.unwrap();
        let error = fs::remove_dir(scratch.join("b")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
        fs::remove_dir_all(scratch.join("b")).await.unwrap();
        assert!(!scratch.join("a").exists() && !scratch.join("b").exists());
        assert!(scratch.join("e/f/g").is_dir());
    });
}

#[test]
fn links_are_made_and_followed() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let [file, hard, soft] = ["file", "hard", "soft"].map(|name| scratch.join(name));
    event_loop.block_on(async {
        fs::write(&file, "word").await.unwrap();
        fs::hard_link(&file, &hard).await.unwrap();
        fs::symlink("hard", &soft).await.unwrap();
        assert_eq!(fs::read_link(&soft).await.unwrap(), Path::new("hard"));
        assert_eq!(fs::canonicalize(&soft).await.unwrap(), hard.canonicalize().unwrap());
        assert!(fs::metadata(&soft).await.unwrap().is_file());
        assert!(fs::symlink_metadata(&soft).await.unwrap().is_symlink());
        fs::remove_file(&hard).await.unwrap();
        assert!(!fs::try_exists(&soft).await.unwrap());
        assert_eq!(fs::read_to_string(&file).await.unwrap(), "word");
    });
}

/// The error names the path, and keeps what the system said.
#[track_caller]
fn assert_names<T>(result: io::Result<T>, path: &Path, code: i32) {
    let error = result.map(drop).expect_err("no such thing works");
    let inside = PathError::of(&error).expect("it names the path");
    assert_eq!(inside.path(), path);
    assert_eq!(inside.cause().raw_os_error(), Some(code), "{error}");
    assert_eq!(error.kind(), inside.cause().kind());
    let text = error.to_string();
    assert!(text.starts_with("cannot ") && text.contains(&format!("{path:?}")), "{text}");
    assert!(text.ends_with(&inside.cause().to_string()), "{text}");
}

#[test]
fn a_missing_path_is_named_by_everything_that_takes_one() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let (gone, other) = (&*scratch.join("gone/file"), &*scratch.join("other"));
    let mode = std::fs::Permissions::from_mode(0o600);
    event_loop.block_on(async {
        assert_names(File::open(gone).await, gone, libc::ENOENT);
        assert_names(File::create(gone).await, gone, libc::ENOENT);
        assert_names(File::create_new(gone).await, gone, libc::ENOENT);
        assert_names(File::options().read(true).open(gone).await, gone, libc::ENOENT);
        assert_names(fs::read(gone).await, gone, libc::ENOENT);
        assert_names(fs::read_to_string(gone).await, gone, libc::ENOENT);
        assert_names(fs::write(gone, "").await, gone, libc::ENOENT);
        assert_names(fs::copy(gone, other).await, gone, libc::ENOENT);
        assert_names(fs::rename(gone, other).await, gone, libc::ENOENT);
        assert_names(fs::hard_link(gone, other).await, gone, libc::ENOENT);
        assert_names(fs::symlink(other, gone).await, other, libc::ENOENT);
        assert_names(fs::read_link(gone).await, gone, libc::ENOENT);
        assert_names(fs::canonicalize(gone).await, gone, libc::ENOENT);
        assert_names(fs::metadata(gone).await, gone, libc::ENOENT);
        assert_names(fs::symlink_metadata(gone).await, gone, libc::ENOENT);
        assert_names(fs::set_permissions(gone, mode).await, gone, libc::ENOENT);
        assert_names(fs::create_dir(gone).await, gone, libc::ENOENT);
        assert_names(DirBuilder::new().create(gone).await, gone, libc::ENOENT);
        assert_names(fs::read_dir(gone).await, gone, libc::ENOENT);
        assert_names(fs::remove_file(gone).await, gone, libc::ENOENT);
        assert_names(fs::remove_dir(gone).await, gone, libc::ENOENT);
        assert_names(fs::remove_dir_all(gone).await, gone, libc::ENOENT);
    });
}

#[test]
fn an_error_of_two_paths_names_both() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let (from, to) = (scratch.join("from"), scratch.join("to"));
    let error = event_loop.block_on(fs::rename(&from, &to)).unwrap_err();
    assert_eq!(PathError::of(&error).unwrap().target(), Some(&*to));
    let start = format!("cannot rename {from:?} to {to:?}: ");
    assert!(error.to_string().starts_with(&start), "{error}");
}

#[test]
fn something_of_the_wrong_kind_is_named() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let (directory, file) = (&*scratch, &*scratch.join("file"));
    std::fs::write(file, b"\xff").unwrap();
    event_loop.block_on(async {
        assert_names(fs::read(directory).await, directory, libc::EISDIR);
        assert_names(fs::write(directory, "").await, directory, libc::EISDIR);
        assert_names(File::create(directory).await, directory, libc::EISDIR);
        assert_names(fs::create_dir(directory).await, directory, libc::EEXIST);
        assert_names(fs::read_dir(file).await, file, libc::ENOTDIR);
        assert_names(fs::remove_dir(file).await, file, libc::ENOTDIR);
        assert_names(fs::read_link(file).await, file, libc::EINVAL);
        assert_names(fs::try_exists(file.join("x")).await, &file.join("x"), libc::ENOTDIR);
        let error = fs::read_to_string(file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(PathError::of(&error).unwrap().path(), file);
        // The system opens a directory to be read, and then refuses to read it.
        let mut opened = File::open(directory).await.unwrap();
        let error = opened.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.raw_os_error()),
            (ErrorKind::IsADirectory, Some(libc::EISDIR))
        );
    });
}

#[test]
fn a_path_need_not_be_unicode_and_is_shown_escaped() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    let path = scratch.join(OsStr::from_bytes(b"\xff\n"));
    event_loop.block_on(async {
        fs::write(&path, "word").await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"word");
        let mut entries = fs::read_dir(&*scratch).await.unwrap();
        let entry = entries.next_entry().await.unwrap().unwrap();
        assert_eq!(entry.file_name().as_bytes(), b"\xff\n");
        fs::remove_file(&path).await.unwrap();
        let error = fs::remove_file(&path).await.unwrap_err();
        assert!(error.to_string().contains(r"\xFF\n"), "{error}");
    });
}

#[test]
fn a_path_with_a_zero_byte_is_refused_and_shown() {
    let event_loop = TestLoop::new();
    let error = event_loop.block_on(fs::read("a\0b")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with(r#"cannot read "a\0b": "#), "{error}");
}

// Away from the main thread, where a loop is made by itself.
#[test]
fn without_a_loop_everything_says_so() {
    let thread = std::thread::spawn(|| {
        let text = block_on(fs::read("/")).unwrap_err().to_string();
        assert!(text.contains("no event loop on this thread"), "{text}");
        let mut null = File::from_std(std::fs::File::open("/dev/null").unwrap());
        assert_eq!(block_on(null.read(&mut [0; 1])).unwrap_err().to_string(), text);
        assert_eq!(block_on(null.write(&[0; 1])).unwrap_err().to_string(), text);
        assert_eq!(block_on(null.metadata()).unwrap_err().to_string(), text);
    });
    thread.join().unwrap();
}
