//! Whose turn it is: many readers or one writer, in the order of coming.

use std::cell::{Cell, RefCell};

use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

#[derive(Clone, Copy)]
pub(super) enum Access {
    Read,
    Write,
}

pub(super) struct Turns {
    now: Cell<Now>,
    waiters: RefCell<WaitList<(), Access>>,
}

#[derive(Clone, Copy)]
enum Now {
    /// So many readers, or none.
    Read(usize),
    Write,
}

impl Turns {
    pub(super) const fn new() -> Self {
        Self { now: Cell::new(Now::Read(0)), waiters: RefCell::new(WaitList::new()) }
    }

    pub(super) async fn wait(&self, access: Access) -> Turn<'_> {
        match self.try_now(access) {
            Some(turn) => turn,
            None => {
                Wait::new(self, access).await;
                Turn(self)
            },
        }
    }

    /// Whoever comes while others wait is behind them.
    pub(super) fn try_now(&self, access: Access) -> Option<Turn<'_>> {
        (self.waiting() == 0 && self.begin(access)).then(|| Turn(self))
    }

    /// Whether there is room for it now; then it has begun.
    fn begin(&self, access: Access) -> bool {
        let now = match (self.now.get(), access) {
            (Now::Read(readers), Access::Read) => Now::Read(readers + 1),
            (Now::Read(0), Access::Write) => Now::Write,
            (Now::Read(_), Access::Write) | (Now::Write, _) => return false,
        };
        self.now.set(now);
        true
    }

    fn end(&self) {
        let left = match self.now.get() {
            Now::Read(readers) => readers - 1,
            Now::Write => 0,
        };
        self.become_readers(left);
    }

    fn become_readers(&self, readers: usize) {
        self.now.set(Now::Read(readers));
        self.serve();
    }

    /// Lets in whoever is next, as long as there is room.
    fn serve(&self) {
        while self.next_begins() {
            self.grant(()).ok();
        }
    }

    fn next_begins(&self) -> bool {
        let next = self.waiters.borrow().first().copied();
        next.is_some_and(|access| self.begin(access))
    }
}

impl Grants for Turns {
    type Grant = ();
    type Offer = Access;

    fn waiters(&self) -> &RefCell<WaitList<(), Access>> {
        &self.waiters
    }

    fn pass_on(&self, (): ()) {
        self.end();
    }

    /// Readers may have waited behind a writer that is gone.
    fn left(&self) {
        self.serve();
    }
}

/// A turn that has begun. It ends when this is dropped.
pub(super) struct Turn<'a>(&'a Turns);

impl Turn<'_> {
    /// The only writer goes on as a reader, beside those who come next.
    pub(super) fn downgrade(&self) {
        self.0.become_readers(1);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
