//! The operations of one file, one after the other, each a job of the pool.

use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use evergreen_loop::build::poll_budget;
use evergreen_loop::{BlockingJob, EventLoop, LoopError};

use super::dropped::Unwritten;
use super::held::Held;
use super::waiting::Waiting;
use crate::no_result::no_result;

/// A file that does one thing at a time. What was begun for a task that has been killed goes on,
/// and what comes next waits for it.
pub(super) struct Sequence {
    pub(super) file: File,
    /// Locked by the job while it runs, so only to be locked when `turn` has none.
    held: Mutex<Held>,
    turn: Mutex<Turn>,
    waiting: Arc<Waiting>,
    /// The process that has taken the bytes to be written: the child of a fork has taken none. Zero
    /// if nobody has.
    taken_by: AtomicU32,
}

/// Whose turn it is. Locked for moments only.
struct Turn {
    running: Option<BlockingJob<()>>,
    /// Bytes of one read or write at most.
    limit: usize,
    /// Asked for by tokio's trait, which has two steps.
    #[cfg(feature = "tokio-io")]
    seek: Option<SeekFrom>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sequence {
    pub(super) fn new(file: File, limit: usize) -> Self {
        let turn = Turn {
            running: None,
            limit,
            #[cfg(feature = "tokio-io")]
            seek: None,
        };
        Self {
            file,
            held: Mutex::default(),
            turn: Mutex::new(turn),
            waiting: Arc::default(),
            taken_by: AtomicU32::new(0),
        }
    }

    pub(super) fn limit(&self) -> usize {
        lock(&self.turn).limit
    }

    pub(super) fn set_limit(&self, limit: usize) {
        lock(&self.turn).limit = limit;
    }

    /// Waits until nothing is under way. The error is that of bytes taken before.
    fn poll_turn(&self, turn: &mut Turn, cx: &Context<'_>) -> Poll<io::Result<()>> {
        ready!(poll_budget(cx));
        self.poll_idle(turn, cx)
    }

    /// As [`Sequence::poll_turn`], and does not count.
    fn poll_idle(&self, turn: &mut Turn, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let Some(job) = &mut turn.running else { return Poll::Ready(Ok(())) };
        let waker = Waker::from(Arc::clone(&self.waiting));
        let waker = &mut Context::from_waker(&waker);
        let mut ended = Pin::new(&mut *job).poll(waker);
        if ended.is_pending() {
            self.waiting.add(cx.waker());
            // On another thread than the loop's it may have ended before the waker was there.
            ended = Pin::new(job).poll(waker);
        }
        let ended = ready!(ended);
        turn.running = None;
        let mut held = lock(&self.held);
        match ended {
            Err(error) if !held.done => Poll::Ready(Err(no_result(error))),
            // Also when the loop was destroyed while the job ran: then only the news was lost.
            _ => Poll::Ready(held.unwritten.take().map_or(Ok(()), Err)),
        }
    }

    fn start(
        self: &Arc<Self>,
        turn: &mut Turn,
        operation: impl FnOnce(&File, &mut Held) + Send + 'static,
    ) -> io::Result<()> {
        let this = Arc::clone(self);
        lock(&self.held).done = false;
        let mut job = EventLoop::current()?.run_blocking(move || {
            let mut held = lock(&this.held);
            operation(&this.file, &mut held);
            held.done = true;
        });
        // A job that is refused says so at once.
        match Pin::new(&mut job).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(refused) => refused.map_err(no_result),
            Poll::Pending => {
                turn.running = Some(job);
                Ok(())
            },
        }
    }

    pub(super) fn poll_read(
        self: &Arc<Self>,
        cx: &Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mut turn = lock(&self.turn);
        loop {
            ready!(self.poll_turn(&mut turn, cx))?;
            if let Some(length) = lock(&self.held).take_read(buffer)? {
                return Poll::Ready(Ok(length));
            }
            let length = buffer.len().min(turn.limit);
            self.start(&mut turn, move |file, held| held.fetch(file, length))?;
        }
    }

    /// Ready as soon as the bytes are taken, so that a write that is killed has taken none.
    pub(super) fn poll_write(
        self: &Arc<Self>,
        cx: &Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut turn = lock(&self.turn);
        ready!(self.poll_turn(&mut turn, cx))?;
        let slices = slices.iter().map(|slice| &**slice);
        let length = lock(&self.held).take_write(slices, turn.limit);
        if length > 0 {
            self.taken_by.store(0, Ordering::Relaxed);
            let unwritten = Unwritten::new(Arc::clone(self));
            self.start(&mut turn, |file, held| {
                unwritten.begin();
                held.put(file);
            })?;
            self.taken_by.store(process::id(), Ordering::Relaxed);
        }
        Poll::Ready(Ok(length))
    }

    /// Writes what was taken and waits for its turn; waits for what is on its way. Blocks, so only
    /// for a regular file, of which the system makes nobody wait for a peer.
    pub(super) fn finish_write(&self) {
        let regular = || self.file.metadata().is_ok_and(|metadata| metadata.is_file());
        if self.taken_by.load(Ordering::Relaxed) == process::id() && regular() {
            let mut held = lock(&self.held);
            held.put(&self.file);
            held.done = true;
        }
    }

    /// Whether an operation may be under way.
    pub(super) fn is_at_work(&self) -> bool {
        lock(&self.turn).running.is_some()
    }

    /// Ends what is done, unless something is under way: says whether. The error of bytes taken before
    /// is lost then.
    pub(super) fn try_settle(&self) -> bool {
        let cx = Context::from_waker(Waker::noop());
        self.poll_idle(&mut lock(&self.turn), &cx).is_ready()
    }

    pub(super) fn poll_flush(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.poll_turn(&mut lock(&self.turn), cx)
    }

    /// Sets the position in place, so that a seek that is killed has not moved it. The system waits
    /// for nothing then but the size, which is asked for on the pool.
    pub(super) fn poll_seek(
        self: &Arc<Self>,
        cx: &Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let mut turn = lock(&self.turn);
        loop {
            ready!(self.poll_turn(&mut turn, cx))?;
            let mut held = lock(&self.held);
            if !matches!(to, SeekFrom::End(_)) || std::mem::take(&mut held.sized) {
                return Poll::Ready(held.seek(&self.file, to));
            }
            drop(held);
            self.start(&mut turn, |file, held| {
                // Whether it can be told, the seek itself will say.
                file.metadata().ok();
                held.sized = true;
            })?;
        }
    }

    #[cfg(feature = "tokio-io")]
    pub(super) fn start_seek(&self, to: SeekFrom) {
        lock(&self.turn).seek = Some(to);
    }

    #[cfg(feature = "tokio-io")]
    pub(super) fn poll_started_seek(self: &Arc<Self>, cx: &Context<'_>) -> Poll<io::Result<u64>> {
        let to = lock(&self.turn).seek.unwrap_or(SeekFrom::Current(0));
        let position = ready!(self.poll_seek(cx, to));
        lock(&self.turn).seek = None;
        Poll::Ready(position)
    }

    /// Runs `f` on the pool when all before it is done.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let answer = Arc::new(Mutex::new(None));
        let told = Arc::clone(&answer);
        let mut operation = Some(move |file: &File, held: &mut Held| {
            let result = held.rewind(file).and_then(|()| f(file));
            *lock(&told) = Some(result);
        });
        poll_fn(move |cx| {
            let mut turn = lock(&self.turn);
            if operation.is_some() {
                ready!(self.poll_turn(&mut turn, cx))?;
            }
            if let Some(operation) = operation.take() {
                self.start(&mut turn, operation)?;
            }
            let result = lock(&answer).take();
            if let Some(result) = result {
                // The turn may be that of another operation by now, whose error is not ours.
                return Poll::Ready(result);
            }
            ready!(self.poll_turn(&mut turn, cx))?;
            Poll::Ready(lock(&answer).take().unwrap_or_else(|| Err(LoopError::Closed.into())))
        })
        .await
    }

    /// The file itself, at the position where the task believes it is.
    pub(super) fn into_file(self) -> File {
        let mut held = self.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Fails only if somebody else has moved a position that is shared: then it is theirs.
        held.rewind(&self.file).ok();
        self.file
    }
}
