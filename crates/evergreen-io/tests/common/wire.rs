//! A connection in the hands of a test.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use evergreen_io::io::Endpoint;

/// What a stream stands on, and what its peer does: the test sends, makes room and ends.
#[derive(Clone)]
pub(crate) struct Wire(Rc<Wired>);

struct Wired {
    incoming: RefCell<VecDeque<u8>>,
    /// How much is given at once.
    grain: usize,
    is_at_end: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    outgoing: RefCell<Vec<u8>>,
    room: Cell<usize>,
    is_ended: Cell<bool>,
    writer: RefCell<Option<Waker>>,
}

impl Wire {
    /// Nothing has come, and there is no room.
    pub(crate) fn new(grain: usize) -> Self {
        Self(Rc::new(Wired {
            incoming: RefCell::default(),
            grain,
            is_at_end: Cell::new(false),
            reader: RefCell::default(),
            outgoing: RefCell::default(),
            room: Cell::new(0),
            is_ended: Cell::new(false),
            writer: RefCell::default(),
        }))
    }

    /// The peer sends.
    pub(crate) fn send(&self, bytes: &[u8]) {
        self.0.incoming.borrow_mut().extend(bytes);
        wake(&self.0.reader);
    }

    /// The peer sends no more.
    pub(crate) fn end(&self) {
        self.0.is_at_end.set(true);
        wake(&self.0.reader);
    }

    /// So many bytes more have room on their way to the peer.
    pub(crate) fn make_room(&self, length: usize) {
        self.0.room.set(self.0.room.get() + length);
        wake(&self.0.writer);
    }

    /// All that is on its way.
    pub(crate) fn outgoing(&self) -> Vec<u8> {
        self.0.outgoing.borrow().clone()
    }

    /// Whether the direction to the peer was ended.
    pub(crate) fn is_ended(&self) -> bool {
        self.0.is_ended.get()
    }

    /// What a stream holds of it.
    pub(crate) fn endpoint(&self) -> Near {
        Near(self.clone())
    }

    /// Whether the stream has let go of it.
    pub(crate) fn is_let_go(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }
}

/// Closed when it is dropped, as a descriptor: it forgets who waits.
pub(crate) struct Near(Wire);

impl Drop for Near {
    fn drop(&mut self) {
        drop((self.wired().reader.take(), self.wired().writer.take()));
    }
}

impl Near {
    fn wired(&self) -> &Wired {
        &self.0.0
    }
}

fn wake(waker: &RefCell<Option<Waker>>) {
    let waker = waker.take();
    waker.into_iter().for_each(Waker::wake);
}

impl Endpoint for Near {
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut incoming = self.wired().incoming.borrow_mut();
        if incoming.is_empty() && !self.wired().is_at_end.get() {
            self.wired().reader.replace(Some(cx.waker().clone()));
            return Poll::Pending;
        }
        let length = incoming.len().min(buffer.len()).min(self.wired().grain);
        let given = incoming.drain(..length);
        buffer.iter_mut().zip(given).for_each(|(place, byte)| *place = byte);
        Poll::Ready(Ok(length))
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.wired().writer.replace(Some(cx.waker().clone()));
                Poll::Pending
            },
            written => Poll::Ready(written),
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        assert!(!self.0.is_ended(), "nothing is written behind the end");
        let length = bytes.len().min(self.wired().room.get());
        if length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.wired().room.set(self.wired().room.get() - length);
        self.wired().outgoing.borrow_mut().extend(&bytes[..length]);
        Ok(length)
    }

    fn end(&self) -> io::Result<()> {
        self.wired().is_ended.set(true);
        Ok(())
    }
}
