//! Streams over descriptors.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use common::TestLoop;
use common::child::{alone, part};
use common::scratch::Scratch;
use common::streams::fill;
use evergreen_io::io::{BaseStream, PipeError, PipeStream, StreamError};
use evergreen_task::spawn;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

fn opened(fd: impl Into<OwnedFd>) -> PipeStream {
    let stream = PipeStream::new();
    stream.open(fd).unwrap();
    stream
}

/// The ends of a pipe: one that reads, and one that writes.
fn ends() -> (File, File) {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    (reader.into(), writer.into())
}

/// What is refused stays as it was for others that share it.
fn blocks(fd: impl AsFd) -> bool {
    !fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
}

/// What the error says, of what kind it is.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, PipeError>) -> (String, StreamError) {
    let error = result.unwrap_err();
    (error.to_string(), error.into())
}

// EV-PIPE-04
#[test]
fn what_was_written_before_a_descriptor_is_open_goes_out_first() {
    TestLoop::new().block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let stream = PipeStream::new();
        assert!(!stream.write(b"early, ").unwrap());
        stream.open(ours).unwrap();
        assert!(!stream.write(b"late").unwrap());
        stream.flush().await.unwrap();
        assert!(stream.write(b", last").unwrap());
        let mut all = [0; 17];
        theirs.read_exact(&mut all).unwrap();
        assert_eq!(&all, b"early, late, last");
        theirs.write_all(b"answer").unwrap();
        assert_eq!(stream.read_bytes(6).await.unwrap(), b"answer");
    });
}

// EV-PIPE-04
#[test]
fn a_descriptor_becomes_non_blocking_and_is_closed_with_its_stream() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut reader, writer) = ends();
        let shared = writer.try_clone().unwrap();
        assert!(blocks(&shared));
        let stream = opened(writer);
        assert!(!blocks(&shared));
        drop(shared);
        assert!(stream.write(b"all").unwrap());
        let other = stream.clone();
        drop(stream);
        assert!(other.write(b" of it").unwrap());
        drop(other);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "all of it");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-PIPE-04
#[test]
fn the_end_that_reads_cannot_be_written_to_and_the_other_way_round() {
    TestLoop::new().block_on(async {
        let (reader, writer) = ends();
        let (reader, writer) = (opened(reader), opened(writer));
        let (text, error) = refused(reader.write(b"against the stream"));
        assert!(matches!(error, StreamError::NotWritable), "{text}");
        assert!(matches!(refused(reader.shutdown().await).1, StreamError::NotWritable));
        let (text, error) = refused(writer.read_bytes(1).await);
        assert!(matches!(error, StreamError::NotReadable), "{text}");
        assert!(matches!(refused(writer.read_until(b"\n").await).1, StreamError::NotReadable));
        assert!(writer.write(b"with it").unwrap());
        assert_eq!(reader.read_bytes(7).await.unwrap(), b"with it");
    });
}

// EV-PIPE-04
#[test]
fn what_was_written_before_is_kept_from_an_end_that_only_reads() {
    TestLoop::new().block_on(async {
        let ((reader, _writer), (mut other, writer)) = (ends(), ends());
        let shared = reader.try_clone().unwrap();
        let stream = PipeStream::new();
        stream.write(b"kept").unwrap();
        assert!(matches!(refused(stream.open(reader)).1, StreamError::NotWritable));
        assert!(blocks(&shared));
        stream.open(writer).unwrap();
        stream.flush().await.unwrap();
        let mut kept = [0; 4];
        other.read_exact(&mut kept).unwrap();
        assert_eq!(&kept, b"kept");
    });
}

// EV-STR-18
#[test]
fn an_end_that_only_writes_is_closed_by_its_shutdown_once_all_is_out() {
    const MUCH: usize = 1 << 20;
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (reader, writer) = ends();
        let (reader, writer) = (opened(reader), opened(writer));
        assert!(!writer.write(&vec![7; MUCH]).unwrap());
        let shutting = spawn({
            let writer = writer.clone();
            async move { writer.shutdown().await }
        });
        assert_eq!(reader.read_bytes(MUCH + 1).await.unwrap().len(), MUCH);
        assert_eq!(reader.read_bytes(1).await.unwrap(), b"");
        shutting.await.unwrap().unwrap();
        assert!(writer.is_closed());
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-PIPE-04: what is no socket has no half to end.
#[test]
fn a_descriptor_of_both_directions_that_is_no_socket_cannot_be_shut_down() {
    let scratch = Scratch::new();
    TestLoop::new().block_on(async {
        let stream = opened(scratch.fifo());
        let (text, _) = refused(stream.shutdown().await);
        assert!(text.contains("no direction of its own") && text.contains("`close`"), "{text}");
        assert!(stream.write(b"still open\n").unwrap());
        assert_eq!(stream.read_until(b"\n").await.unwrap(), b"still open\n");
    });
}

// EV-PIPE-04
#[test]
fn files_and_directories_are_refused_with_the_way_out() {
    let scratch = Scratch::new();
    std::fs::write(scratch.join("file"), "text").unwrap();
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for (path, kind) in
            [(scratch.join("file"), "a regular file"), (scratch.to_path_buf(), "a directory")]
        {
            let file = File::open(path).unwrap();
            let shared = file.try_clone().unwrap();
            let stream = PipeStream::new();
            let (text, error) = refused(stream.open(file));
            assert!(matches!(error, StreamError::Os(_)), "{text}");
            assert!(text.contains(kind) && text.contains("use `fs`"), "{text}");
            assert!(blocks(&shared), "{text}");
            assert!(!stream.is_closed());
        }
        let (text, _) = refused(PipeStream::new().open(File::open("/dev/null").unwrap()));
        assert!(
            text.contains("a character device") && text.contains("never has you wait"),
            "{text}"
        );
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-PIPE-04, EV-STR-21
#[test]
fn a_stream_is_for_one_descriptor() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let (second, _its_peer) = UnixStream::pair().unwrap();
        let stream = PipeStream::new();
        let (text, error) = refused(stream.read_bytes(1).await);
        assert!(matches!(error, StreamError::NotConnected), "{text}");
        stream.open(ours).unwrap();
        let (text, error) = refused(stream.open(second.try_clone().unwrap()));
        assert!(matches!(error, StreamError::AlreadyConnected), "{text}");
        assert!(blocks(&second));
        stream.close();
        let (text, error) = refused(stream.open(second.try_clone().unwrap()));
        assert!(blocks(&second));
        assert!(matches!(error, StreamError::Closed), "{text}");
        assert_eq!(text, "pipe: closed");
    });
}

// EV-STR-20
#[test]
#[allow(unsafe_code, reason = "nobody owns the standard streams: only so can they be given away")]
fn the_standard_streams_stay_open() {
    if part().is_none() {
        return alone("the_standard_streams_stay_open", "closing");
    }
    TestLoop::new().block_on(async {
        let (reader, mut writer) = ends();
        rustix::stdio::dup2_stdin(&reader).unwrap();
        // SAFETY: this process has nothing that would close it.
        let stdin = unsafe { OwnedFd::from_raw_fd(0) };
        let stream = opened(stdin);
        writer.write_all(b"typed").unwrap();
        assert_eq!(stream.read_bytes(5).await.unwrap(), b"typed");
        stream.close();
        fcntl_getfl(rustix::stdio::stdin()).unwrap();
        // SAFETY: the stream has a duplicate of its own.
        let stdin = unsafe { OwnedFd::from_raw_fd(0) };
        assert!(matches!(refused(stream.open(stdin)).1, StreamError::Closed));
        fcntl_getfl(rustix::stdio::stdin()).unwrap();
    });
}

/// Two ends that keep packets apart, the second to be read from without waiting.
fn packet_ends(kind: SocketType) -> (OwnedFd, OwnedFd) {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, SocketFlags::empty(), None).unwrap();
    rustix::io::ioctl_fionbio(&theirs, true).unwrap();
    (ours, theirs)
}

/// The next packet, at once.
fn packet(from: &OwnedFd) -> Vec<u8> {
    let mut packet = [0; 2000];
    let length = rustix::io::read(from, &mut packet).unwrap();
    packet[..length].to_vec()
}

// a writer keeps packets apart, and one event stands for both.
#[test]
fn packets_that_come_together_are_all_read() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = packet_ends(SocketType::SEQPACKET);
        let stream = opened(ours);
        rustix::io::write(&theirs, b"one, ").unwrap();
        rustix::io::write(&theirs, b"two\n").unwrap();
        assert_eq!(stream.read_until(b"\n").await.unwrap(), b"one, two\n");
    });
}

// EV-PIPE-04, EV-STR-13, EV-STR-14: whether it is held or not, each write is one packet.
#[test]
fn each_write_is_a_packet_where_those_are_kept_apart() {
    TestLoop::new().block_on(async {
        for kind in [SocketType::SEQPACKET, SocketType::DGRAM] {
            let (ours, theirs) = packet_ends(kind);
            let stream = PipeStream::new();
            for early in [&b"one"[..], b"", b"three"] {
                stream.write(early).unwrap();
            }
            stream.open(ours).unwrap();
            stream.flush().await.unwrap();
            assert_eq!([packet(&theirs), packet(&theirs)], [&b"one"[..], b"three"]);
            let filled = fill(&stream) / 1000;
            for late in [&b"last but"[..], b"", b" one"] {
                assert!(!stream.write(late).unwrap());
            }
            let reader = opened(theirs.try_clone().unwrap());
            let mut lengths = Vec::new();
            while lengths.len() < filled + 2 {
                // Each read takes one packet.
                lengths.push(reader.read_some(2000).await.unwrap().len());
            }
            assert!(lengths.ends_with(&[1000, 8, 4]), "{lengths:?}");
        }
    });
}
