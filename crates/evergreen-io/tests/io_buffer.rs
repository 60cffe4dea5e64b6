//! `ReadBuffer`.

mod common;

use common::content;
use evergreen_io::io::{ReadBuffer, StreamError};
use regex::bytes::Regex;

fn holding(bytes: &[u8]) -> ReadBuffer {
    let mut buffer = ReadBuffer::new();
    buffer.feed(bytes).expect("room");
    buffer
}

// EV-BUF-01
#[test]
fn at_its_limit_it_closes_itself() {
    let mut buffer = ReadBuffer::with_limit(10);
    buffer.feed(&[0; 9]).expect("one is left");
    assert!(matches!(buffer.feed(&[0]), Err(StreamError::BufferFull { limit: 10 })));
    assert!(buffer.is_closed());
    assert!(matches!(buffer.feed(&[0]), Err(StreamError::Closed)));
}

// EV-BUF-02
#[test]
fn so_many_bytes_or_none() {
    let mut buffer = holding(b"abc");
    assert_eq!(buffer.read(4).unwrap(), None);
    assert_eq!(buffer.read(2).unwrap().unwrap(), b"ab");
    buffer.feed(b"de").unwrap();
    assert_eq!(buffer.read(3).unwrap().unwrap(), b"cde");
    assert_eq!((buffer.len(), buffer.is_empty()), (0, true));
}

// EV-BUF-03
#[test]
fn a_delimiter_may_come_in_pieces() {
    let mut buffer = ReadBuffer::new();
    for (piece, found) in [
        (&b"one\r"[..], None),
        (b"\r\n\r", None),
        (b"\ntwo", Some(&b"one\r\r\n\r\n"[..])),
        (b"\r\n\r\n\r\n\r\n", Some(b"two\r\n\r\n")),
        (b"", Some(b"\r\n\r\n")),
        (b"", None),
    ] {
        buffer.feed(piece).unwrap();
        assert_eq!(buffer.read_until(b"\r\n\r\n").unwrap().as_deref(), found, "after {piece:?}");
    }
    assert!(matches!(buffer.read_until(b""), Err(StreamError::EmptyDelimiter)));
}

// EV-BUF-03: what was searched for one delimiter was not for another.
#[test]
fn each_delimiter_is_searched_for_from_the_start() {
    let mut buffer = holding(b"a;b,c");
    assert_eq!(buffer.read_until(b"!").unwrap(), None);
    assert_eq!(buffer.read_until(b";").unwrap().unwrap(), b"a;");
    assert_eq!(buffer.read_until(b"!").unwrap(), None);
    assert_eq!(buffer.read(1).unwrap().unwrap(), b"b");
    buffer.feed(b"!").unwrap();
    assert_eq!(buffer.read_until(b"!").unwrap().unwrap(), b",c!");
}

// EV-BUF-03: also where nearly every byte looks like the delimiter.
#[test]
fn no_byte_is_searched_twice() {
    let (delimiter, pieces) = ([b"a".repeat(15), b"b".to_vec()].concat(), 4096);
    let mut buffer = ReadBuffer::new();
    for piece in 0..pieces {
        buffer.feed(&[b'a'; 256][..256 - piece % 3]).unwrap();
        assert_eq!(buffer.read_until(&delimiter).unwrap(), None);
    }
    let held = buffer.len() as u64;
    // But for what may be the beginning of the delimiter, at each end.
    assert!(buffer.bytes_searched() <= held + 15 * pieces as u64);
    buffer.feed(b"b").unwrap();
    assert_eq!(buffer.read_until(&delimiter).unwrap().unwrap().len() as u64, held + 1);
}

// EV-BUF-04
#[test]
fn a_pattern_is_read_through_its_first_match() {
    let mut buffer = holding(b"id=17;id=4");
    let number = Regex::new("[0-9]+").unwrap();
    assert_eq!(buffer.read_until_regex(&number).unwrap().unwrap(), b"id=17");
    assert_eq!(buffer.read_until_regex(&Regex::new("x*").unwrap()).unwrap().unwrap(), b"");
    assert_eq!(buffer.read_until_regex(&Regex::new("z").unwrap()).unwrap(), None);
    // It may go on, but this is a match.
    assert_eq!(buffer.read_until_regex(&number).unwrap().unwrap(), b";id=4");
}

// EV-BUF-04: nothing is taken by a match of nothing, wherever it stands.
#[test]
fn a_match_of_nothing_takes_nothing() {
    let mut buffer = holding(b"ab");
    assert_eq!(buffer.read_until_regex(&Regex::new("$").unwrap()).unwrap().unwrap(), b"");
    assert_eq!(buffer.len(), 2);
}

// EV-BUF-05
#[test]
fn what_it_holds_can_be_forgotten() {
    let mut buffer = holding(b"ab");
    assert_eq!(buffer.read_until(b"c").unwrap(), None);
    buffer.clear().unwrap();
    assert!(buffer.is_empty());
    buffer.feed(b"c").unwrap();
    assert_eq!(buffer.read_until(b"c").unwrap().unwrap(), b"c");
}

// EV-BUF-06
#[test]
fn nothing_can_be_done_with_it_once_it_is_closed() {
    let mut buffer = holding(b"ab");
    assert!(!buffer.is_closed());
    buffer.close();
    buffer.close();
    assert!(buffer.is_closed());
    let regex = Regex::new("a").unwrap();
    let refused = [
        buffer.feed(b"a").map(|()| None),
        buffer.read(1),
        buffer.read_until(b"a"),
        buffer.read_until_regex(&regex),
        buffer.clear().map(|()| None),
    ];
    assert!(refused.iter().all(|result| matches!(result, Err(StreamError::Closed))), "{refused:?}");
}

#[test]
fn what_comes_in_any_pieces_goes_out_whole() {
    let bytes = content(100_000, 5);
    let mut buffer = ReadBuffer::new();
    let mut read = Vec::new();
    for (number, piece) in bytes.chunks(977).enumerate() {
        buffer.feed(piece).unwrap();
        let wanted = (number * 7919) % (buffer.len() + 1);
        read.extend(buffer.read(wanted).unwrap().unwrap());
    }
    read.extend(buffer.read(buffer.len()).unwrap().unwrap());
    assert!(read == bytes);
}
