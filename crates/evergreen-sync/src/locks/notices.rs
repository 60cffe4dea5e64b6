//! Notifications, and those who wait for one.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// The line of those who wait.
pub(super) struct Notices(RefCell<WaitList<Notice>>);

/// For whom a notification is.
#[derive(Clone, Copy)]
pub(crate) enum Notice {
    /// For this one, or another in its place.
    One,
    /// For this one as for all who waited then.
    All,
}

/// What one who waited has come back with: a notification that is not used yet, or nothing.
pub(super) struct Unused<'a> {
    line: &'a Notices,
    notice: Option<Notice>,
}

impl Notices {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(WaitList::new()))
    }

    /// Notifies those who have waited longest.
    pub(super) fn tell(&self, waiters: usize, notice: Notice) {
        for _ in 0..waiters.min(self.waiting()) {
            self.grant(notice).ok();
        }
    }

    /// From here on no notification is missed. It does not suspend.
    pub(super) async fn stand_in_line(&self) -> Wait<&Self> {
        let mut told = Wait::new(self, ());
        let begin = poll_fn(|cx| Poll::Ready(Pin::new(&mut told).poll(cx).is_pending()));
        let waits = begin.await;
        debug_assert!(waits, "nothing is granted before it is waited for");
        told
    }

    pub(super) const fn unused(&self, notice: Option<Notice>) -> Unused<'_> {
        Unused { line: self, notice }
    }
}

impl Unused<'_> {
    /// Whether there was one. It is used from here on.
    pub(super) fn take(mut self) -> bool {
        self.notice.take().is_some()
    }
}

impl Drop for Unused<'_> {
    fn drop(&mut self) {
        if let Some(notice) = self.notice {
            self.line.pass_on(notice);
        }
    }
}

impl Grants for Notices {
    type Grant = Notice;
    type Offer = ();

    fn waiters(&self) -> &RefCell<WaitList<Notice>> {
        &self.0
    }

    fn pass_on(&self, notice: Notice) {
        match notice {
            Notice::One => self.tell(1, notice),
            Notice::All => {},
        }
    }
}
