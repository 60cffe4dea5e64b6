//! The task that things are done to. It counts what becomes of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use evergreen_task::RemoteTask;

use crate::common::Wakes;
use crate::stage;

/// What the subject does in its next poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Next {
    #[default]
    Park,
    /// Lets the actor act, and parks.
    BeActedOn,
    Finish,
    Panic,
}

/// What any thread may see of the subject and hold of it.
pub(crate) struct Shared {
    pub(crate) home: ThreadId,
    pub(crate) polls: AtomicU32,
    pub(crate) futures: Drops,
    pub(crate) outputs: Drops,
    /// The output's destructor panics.
    pub(crate) bomb: AtomicBool,
    /// That destructor's panic has reached who dropped the handle.
    pub(crate) caught: AtomicBool,
    /// Of who waits without a task of its own.
    pub(crate) wakes: Arc<Wakes>,
    pub(crate) waiter: Waker,
    pub(crate) remote: Mutex<Option<RemoteTask<Output>>>,
    next: Mutex<Next>,
    waker: Mutex<Option<Waker>>,
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        let (wakes, waiter) = Wakes::new();
        Arc::new(Self {
            home: thread::current().id(),
            polls: AtomicU32::new(0),
            futures: Drops::default(),
            outputs: Drops::default(),
            bomb: AtomicBool::new(false),
            caught: AtomicBool::new(false),
            wakes,
            waiter,
            remote: Mutex::default(),
            next: Mutex::default(),
            waker: Mutex::default(),
        })
    }

    pub(crate) fn set_next(&self, next: Next) {
        *lock(&self.next) = next;
    }

    fn take_next(&self) -> Next {
        std::mem::take(&mut *lock(&self.next))
    }

    /// The waker that the subject was polled with last.
    pub(crate) fn wake(&self) {
        let waker = lock(&self.waker).clone();
        waker.into_iter().for_each(Waker::wake);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where something was dropped, and how often.
#[derive(Default)]
pub(crate) struct Drops(Mutex<Vec<ThreadId>>);

impl Drops {
    fn count(&self) {
        lock(&self.0).push(thread::current().id());
    }

    /// How often at home, and how often elsewhere.
    pub(crate) fn at(&self, home: ThreadId) -> (usize, usize) {
        let drops = lock(&self.0);
        let at_home = drops.iter().filter(|thread| **thread == home).count();
        (at_home, drops.len() - at_home)
    }
}

pub(crate) struct Subject(pub(crate) Arc<Shared>);

impl Future for Subject {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let shared = &self.0;
        shared.polls.fetch_add(1, Ordering::SeqCst);
        let former = lock(&shared.waker).replace(cx.waker().clone());
        drop(former);
        match shared.take_next() {
            Next::Park => Poll::Pending,
            Next::Finish => Poll::Ready(Output(Arc::clone(shared))),
            Next::Panic => panic!("as the cell wants it"),
            Next::BeActedOn => {
                stage::here().act_below_the_poll(cx);
                assert_ne!(shared.take_next(), Next::Panic, "as the cell wants it");
                Poll::Pending
            },
        }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.0.futures.count();
    }
}

pub(crate) struct Output(Arc<Shared>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.outputs.count();
        assert!(!self.0.bomb.load(Ordering::SeqCst), "as the cell wants it");
    }
}
