//! What a group knows of its tasks.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;

use evergreen_loop::build::drop_payload;
use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop};

use super::GroupError;
use super::member::Seat;
use crate::task_ref::TaskRef;

/// The tasks of a group that have not ended, and the first failure among them.
pub(super) struct Members<E> {
    /// In the order in which they were spawned.
    entries: RefCell<BTreeMap<u64, Entry>>,
    spawned: Cell<u64>,
    failure: RefCell<Option<GroupError<E>>>,
    /// Whoever waits for a failure or for the end.
    waiter: RefCell<Option<Waker>>,
    failed: Cell<bool>,
}

struct Entry {
    seat: Rc<dyn Seat>,
    /// Gone for a moment, while the task is made.
    task: Option<TaskRef>,
}

impl<E: fmt::Debug + 'static> Members<E> {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            entries: RefCell::default(),
            spawned: Cell::new(0),
            failure: RefCell::default(),
            waiter: RefCell::default(),
            failed: Cell::new(false),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    pub(super) fn take_failure(&self) -> Option<GroupError<E>> {
        self.failure.take()
    }

    /// Makes a member for the next place, and enters it.
    pub(super) fn enter<T>(&self, make: impl FnOnce(u64) -> (T, Rc<dyn Seat>)) -> (u64, T) {
        let place = self.spawned.get();
        self.spawned.set(place + 1);
        let (member, seat) = make(place);
        self.entries.borrow_mut().insert(place, Entry { seat, task: None });
        (place, member)
    }

    /// The member's task has been started, and has to be killed with the others.
    pub(super) fn started(&self, place: u64, task: TaskRef) {
        if self.has_failed() {
            task.kill();
        }
        // A loop that ends may have ended the task already.
        if let Some(entry) = self.entries.borrow_mut().get_mut(&place) {
            entry.task = Some(task);
        }
    }

    pub(super) fn poll_until(&self, cx: &Context<'_>, done: impl Fn() -> bool) -> Poll<()> {
        if done() {
            return Poll::Ready(());
        }
        let former = self.waiter.replace(Some(cx.waker().clone()));
        drop(former);
        Poll::Pending
    }

    fn notify(&self) {
        let waiter = self.waiter.take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Notes the first failure and has the others end. Later ones have nobody to take them.
    pub(super) fn fail(&self, error: GroupError<E>, task: Option<&TaskRef>) {
        if self.failed.replace(true) {
            return report(&error, task);
        }
        self.failure.replace(Some(error));
        self.kill_all();
        self.notify();
    }

    pub(super) fn kill_all(&self) {
        let entries = self.entries.borrow();
        let tasks: Vec<_> = entries.values().filter_map(|entry| entry.task.clone()).collect();
        drop(entries);
        tasks.iter().for_each(TaskRef::kill);
    }

    /// A member's future is gone, and its task is ending.
    pub(super) fn leave(&self, place: u64) {
        let left = self.entries.borrow_mut().remove(&place);
        drop(left);
        if self.entries.borrow().is_empty() {
            self.notify();
        }
    }

    /// Drops the futures of all members, also if some of them panic. The first panic goes on if it
    /// can; the others are reported.
    pub(super) fn clear_all(&self) {
        let mut panic = None;
        for Entry { seat, task } in self.entries.take().into_values() {
            let Err(payload) = catch_unwind(AssertUnwindSafe(|| seat.clear())) else { continue };
            if panic.is_none() && !thread::panicking() {
                panic = Some(payload);
            } else {
                report_panic(payload, task.as_ref());
            }
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

/// A failure that nobody takes goes to the loop's exception handler (D-7).
pub(super) fn report<E: fmt::Debug>(error: &GroupError<E>, task: Option<&TaskRef>) {
    if matches!(error, GroupError::Panicked(_)) {
        return; // The task has reported it.
    }
    tell(&context(task).saying(format!("failed unheard: {error:?}")));
}

fn report_panic(payload: Box<dyn Any + Send>, task: Option<&TaskRef>) {
    tell(&context(task).panicked(&*payload));
    drop_payload(payload);
}

fn context(task: Option<&TaskRef>) -> ErrorContext {
    let context = ErrorContext::new(ErrorOrigin::Task);
    match task {
        Some(task) => context.named(task.name()).at(task.spawned_at()),
        None => context,
    }
}

fn tell(context: &ErrorContext) {
    if let Some(event_loop) = EventLoop::try_current() {
        event_loop.call_exception_handler(context);
    }
}
