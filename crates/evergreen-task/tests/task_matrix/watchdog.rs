//! Names a cell that hangs.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{process, thread};

use crate::Cell;

/// Ends the process if a cell hangs, and says which: a loop that is destroyed waits for its tasks.
pub(crate) struct Watchdog {
    /// Taken when the cells are through.
    playing: Option<mpsc::Sender<Cell>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watchdog {
    pub(crate) fn new() -> Self {
        let (playing, played) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut last = None;
            loop {
                match played.recv_timeout(Duration::from_secs(20)) {
                    Ok(cell) => last = Some(cell),
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => break,
                }
            }
            // Not what the harness captures.
            writeln!(io::stderr(), "{last:?} hangs").ok();
            process::abort();
        });
        Self { playing: Some(playing), thread: Some(thread) }
    }

    pub(crate) fn see(&self, cell: Cell) {
        self.playing.as_ref().unwrap().send(cell).unwrap();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.playing.take());
        self.thread.take().map(thread::JoinHandle::join);
    }
}
