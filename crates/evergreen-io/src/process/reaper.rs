//! Children whose end SIGCHLD tells: where there is no better way, and those that were dropped.
//!
//! One list for the process: whichever loop hears of the signal looks at all of them, since the
//! loop that started a child may be gone before it. A loop handles the signal for as long as the
//! list is not empty.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use evergreen_loop::{EventLoop, Handler, LoopError, LoopRemote};

use super::exit::Exit;

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

thread_local! {
    /// That of this thread's loop.
    static HANDLER: RefCell<Option<Handler>> = const { RefCell::new(None) };
}

struct Watched {
    exit: Arc<Exit>,
    /// Closed when the child has ended, and nothing but closed.
    _told: Option<OwnedFd>,
}

/// Looks after a child from now on. `told` is closed when it has ended.
pub(super) fn look_after(
    event_loop: &EventLoop,
    exit: Arc<Exit>,
    told: Option<OwnedFd>,
) -> Result<(), LoopError> {
    add(exit, told);
    let listening = listen(event_loop);
    // It may have ended before anybody listened.
    sweep();
    listening
}

/// Looks after a child that nobody waits for. `remote` is the loop that started it.
pub(super) fn adopt(remote: &LoopRemote, exit: Arc<Exit>) {
    add(exit, None);
    let listen_here = || {
        // Without a loop, it is left to the next child that is started.
        EventLoop::try_current().map(|event_loop| listen(&event_loop));
        sweep();
    };
    if remote.is_local() || remote.call_from_thread(listen_here).is_err() {
        listen_here();
    }
}

fn add(exit: Arc<Exit>, told: Option<OwnedFd>) {
    let watched = Watched { exit, _told: told };
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
}

/// Takes the status of those that have ended. True if none is left.
pub(super) fn sweep() -> bool {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.retain(|watched| matches!(watched.exit.try_wait(), Ok(None)));
    watched.is_empty()
}

fn listen(event_loop: &EventLoop) -> Result<(), LoopError> {
    let listen = HANDLER.try_with(|handler| {
        let mut handler = handler.borrow_mut();
        if handler.as_ref().is_none_or(Handler::is_cancelled) {
            *handler = Some(event_loop.add_signal_handler(libc::SIGCHLD, heard)?);
        }
        Ok(())
    });
    // A thread that ends hears of nothing any more.
    listen.unwrap_or(Ok(()))
}

fn heard() {
    if sweep() {
        let handler = HANDLER.try_with(RefCell::take);
        handler.iter().flatten().for_each(Handler::cancel);
    }
}
