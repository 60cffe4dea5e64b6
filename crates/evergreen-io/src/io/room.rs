//! Where all streams of a thread read to, so that none holds memory while it waits.

use std::cell::Cell;

/// How much is read at once; the largest datagram is smaller.
const SIZE: usize = 64 * 1024;

thread_local! {
    static ROOM: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

pub(super) fn with_room<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    ROOM.with(|own| {
        // Taken out: whoever reads may read from another stream meanwhile.
        let mut room = own.take().unwrap_or_else(|| vec![0; SIZE].into_boxed_slice());
        let done = read(&mut room);
        own.set(Some(room));
        done
    })
}
