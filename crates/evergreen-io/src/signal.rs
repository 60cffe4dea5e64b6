//! Waiting for signals.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use evergreen_loop::{EventLoop, Handler, LoopRemote};

/// Waits for ctrl-c: the signal SIGINT.
///
/// While it waits the signal does not end the process; afterwards, or when the future is dropped,
/// it does again, unless somebody else handles it. Waiting does not keep the loop alive.
///
/// The future belongs to the loop of the thread that polls it first, and may go on on another one.
///
/// # Errors
///
/// If this thread has no loop, or the system refuses.
///
/// # Kill safety
///
/// The signal goes back to what it was.
pub async fn ctrl_c() -> io::Result<()> {
    let seen = Arc::new(Shared::default());
    let _handled = Handled::new(&seen)?;
    poll_fn(|cx| seen.poll(cx.waker())).await;
    Ok(())
}

/// What a wait and its handler share.
#[derive(Default)]
struct Shared(Mutex<Seen>);

/// What a wait knows of its signal.
#[derive(Default)]
enum Seen {
    #[default]
    Nobody,
    Waiting(Waker),
    Signal,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self) {
        let former = mem::replace(&mut *self.seen(), Seen::Signal);
        if let Seen::Waiting(waker) = former {
            waker.wake();
        }
    }

    fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut seen = self.seen();
        if matches!(*seen, Seen::Signal) {
            return Poll::Ready(());
        }
        let former = mem::replace(&mut *seen, Seen::Waiting(waker.clone()));
        drop(seen);
        // A waker that is dropped may run code of others.
        drop(former);
        Poll::Pending
    }
}

thread_local! {
    /// The handlers of this thread's loop, by number: they stay here when their waits go to other
    /// threads.
    static HANDLERS: RefCell<BTreeMap<u64, Handler>> = const { RefCell::new(BTreeMap::new()) };
}

/// A handler that is cancelled when this is dropped, on whichever thread.
struct Handled {
    number: u64,
    remote: LoopRemote,
}

impl Handled {
    fn new(seen: &Arc<Shared>) -> io::Result<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let event_loop = EventLoop::current()?;
        let note = Arc::clone(seen);
        let handler = event_loop.add_signal_handler(libc::SIGINT, move || note.signal())?;
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        HANDLERS.with_borrow_mut(|handlers| {
            // Those of a loop that was destroyed before its waits were dropped elsewhere.
            handlers.retain(|_, handler| !handler.is_cancelled());
            handlers.insert(number, handler);
        });
        Ok(Self { number, remote: event_loop.remote() })
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        let number = self.number;
        if !cancel(number) {
            // A loop that is gone has cancelled it.
            self.remote.call_from_thread(move || _ = cancel(number)).ok();
        }
    }
}

/// Cancels a handler of this thread. False if there is none of this number.
fn cancel(number: u64) -> bool {
    let taken = HANDLERS.try_with(|handlers| handlers.borrow_mut().remove(&number));
    let handler = taken.ok().flatten();
    handler.inspect(Handler::cancel).is_some()
}
