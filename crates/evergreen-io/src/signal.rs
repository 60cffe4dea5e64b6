//! Waiting for signals.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Poll, Waker};

use evergreen_loop::{EventLoop, Handler};

/// Waits for ctrl-c: the signal SIGINT.
///
/// While it waits the signal does not end the process; afterwards, or when the future is dropped,
/// it does again, unless somebody else handles it. Waiting does not keep the loop alive.
///
/// # Errors
///
/// If this thread has no loop, or the system refuses.
///
/// # Kill safety
///
/// The signal goes back to what it was.
pub async fn ctrl_c() -> io::Result<()> {
    let event_loop = EventLoop::current()?;
    let seen = Rc::new(RefCell::new(Seen::Nobody));
    let note = Rc::clone(&seen);
    let handler = event_loop.add_signal_handler(libc::SIGINT, move || {
        let former = note.replace(Seen::Signal);
        if let Seen::Waiting(waker) = former {
            waker.wake();
        }
    })?;
    let _handled = CancelOnDrop(handler);
    poll_fn(|cx| match seen.replace(Seen::Waiting(cx.waker().clone())) {
        Seen::Signal => Poll::Ready(()),
        Seen::Nobody | Seen::Waiting(_) => Poll::Pending,
    })
    .await;
    Ok(())
}

/// What a wait knows of its signal.
enum Seen {
    Nobody,
    Waiting(Waker),
    Signal,
}

struct CancelOnDrop(Handler);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
