//! What other threads send to the loop: a queue, and one wake-up for as much as comes while it
//! sleeps.

use crate::entry::RemoteEntry;
use crate::sync::{AtomicBool, AtomicU8, ConcurrentQueue, Ordering, PushError};

/// The loop runs, and looks here before it sleeps.
const AWAKE: u8 = 0;
/// The loop sleeps, is about to, or does not run: the next sender wakes it.
const ASLEEP: u8 = 1;
/// A sender has seen to the wake-up; others need not.
const NOTIFIED: u8 = 2;

pub(crate) struct Inbox {
    queue: ConcurrentQueue<RemoteEntry>,
    /// Set after a push: what was sent before this is read stands in the queue.
    pending: AtomicBool,
    state: AtomicU8,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self {
            queue: ConcurrentQueue::unbounded(),
            pending: AtomicBool::new(false),
            state: AtomicU8::new(ASLEEP),
        }
    }

    /// Leaves an entry; gives it back if the loop is gone.
    pub(crate) fn push(&self, entry: RemoteEntry) -> Result<(), RemoteEntry> {
        self.queue.push(entry).map_err(PushError::into_inner)?;
        self.pending.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Takes the right to wake the loop, if it sleeps and nobody else has it. Sound in a signal
    /// handler.
    pub(crate) fn claim_wake(&self) -> bool {
        self.state.load(Ordering::SeqCst) == ASLEEP
            && self
                .state
                .compare_exchange(ASLEEP, NOTIFIED, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok()
    }

    /// From here on senders wake the loop. It may sleep only if it finds nothing pending after
    /// this call: whoever pushed before it saw `AWAKE` is found here, whoever pushes later wakes.
    pub(crate) fn fall_asleep(&self) {
        self.state.store(ASLEEP, Ordering::SeqCst);
    }

    pub(crate) fn wake_up(&self) {
        if self.state.load(Ordering::Relaxed) != AWAKE {
            self.state.store(AWAKE, Ordering::SeqCst);
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::SeqCst)
    }

    /// Empties the inbox into `take`.
    pub(crate) fn drain(&self, mut take: impl FnMut(RemoteEntry)) {
        self.pending.store(false, Ordering::SeqCst);
        while let Ok(entry) = self.queue.pop() {
            take(entry);
        }
    }

    /// Refuses all further pushes. Those that came before are there to be drained, also if their
    /// thread has not come to say so yet.
    pub(crate) fn close(&self) {
        self.queue.close();
        self.pending.store(true, Ordering::SeqCst);
    }
}
