//! Where all streams of a thread read to, so that none holds memory while it waits.

use std::cell::RefCell;
use std::mem;

/// How much is read at once; the largest datagram is smaller.
const SIZE: usize = 64 * 1024;

thread_local! {
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn with_room<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut room = ROOM.with_borrow_mut(mem::take);
    room.resize(SIZE, 0);
    let done = read(&mut room);
    ROOM.replace(room);
    done
}
