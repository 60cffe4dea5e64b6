//! Reading a file on the loop's pool.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use evergreen_loop::build::poll_budget;
use evergreen_loop::{BlockingJob, EventLoop};
use rustix::io::read;

use crate::no_result::no_result;
use crate::source::uninterrupted;

/// The most that is read at once.
const CHUNK: usize = 64 << 10;

/// Reads a file from where its description stands, which others may share: never more than was
/// asked for.
#[derive(Debug)]
pub(super) struct FileReader {
    fd: Arc<OwnedFd>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// What was read for somebody who did not come back for it.
    Left(Vec<u8>),
    Reading(BlockingJob<io::Result<Vec<u8>>>),
}

impl FileReader {
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self { fd: Arc::new(fd), state: Mutex::new(State::Left(Vec::new())) }
    }

    pub(super) fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Left(left) = &mut *state {
            ready!(poll_budget(cx));
            if !left.is_empty() || buffer.is_empty() {
                return Poll::Ready(Ok(take(left, buffer)));
            }
            let room = buffer.len().min(CHUNK);
            let Some(event_loop) = EventLoop::try_current() else {
                // No loop stands still while this thread waits.
                return Poll::Ready(uninterrupted(|| Ok(read(&self.fd, &mut *buffer)?)));
            };
            // Nothing is read for one who is gone when a thread is free.
            let fd = Arc::downgrade(&self.fd);
            let read = move || fd.upgrade().map_or(Ok(Vec::new()), |fd| read_some(&fd, room));
            *state = State::Reading(event_loop.run_blocking(read));
        }
        let State::Reading(job) = &mut *state else { unreachable!("set just now") };
        let result = ready!(Pin::new(job).poll(&mut Context::from_waker(cx.waker())));
        let (mut left, result) = match result.unwrap_or_else(|error| Err(no_result(error))) {
            Ok(left) => (left, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        let taken = take(&mut left, buffer);
        *state = State::Left(left);
        Poll::Ready(result.map(|()| taken))
    }
}

fn read_some(fd: &OwnedFd, room: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; room];
    let length = uninterrupted(|| Ok(read(fd, &mut *bytes)?))?;
    bytes.truncate(length);
    Ok(bytes)
}

fn take(left: &mut Vec<u8>, buffer: &mut [u8]) -> usize {
    let length = left.len().min(buffer.len());
    buffer[..length].copy_from_slice(&left[..length]);
    left.drain(..length);
    length
}
