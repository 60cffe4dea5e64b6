//! What kind of thing a descriptor is, in words.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{FileType, fstat};

/// The kind of a descriptor.
pub(crate) fn kind_of(fd: impl AsFd) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode))
}

/// The kind, as the end of "it is".
pub(crate) const fn in_words(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        _ => "of a kind of its own",
    }
}
