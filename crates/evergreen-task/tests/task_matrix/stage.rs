//! Plays a cell: brings the subject into its state, has the actor act, sees what comes of it.

mod acting;
mod tally;

use std::cell::{Cell as Slot, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop, LoopError, TurnOutcome};
use evergreen_task::{RemoteTasks, Task, TaskState};

use crate::act::{Answer, Wait};
use crate::common::TestLoop;
use crate::subject::{Next, Output, Shared, Subject, lock};
use crate::{Action, Actor, Cell, Kind, State};

pub(crate) use tally::Tally;

thread_local! {
    /// For the subject, and for calls that come from another thread.
    static HERE: RefCell<Option<Rc<Stage>>> = const { RefCell::new(None) };
}

pub(crate) fn here() -> Rc<Stage> {
    HERE.with_borrow(Clone::clone).expect("a cell is played on this thread")
}

/// `None` if the test itself did not get through, and has said why.
pub(crate) fn play(cell: Cell) -> Option<Tally> {
    let stage = Rc::new(Stage::new(cell));
    HERE.set(Some(Rc::clone(&stage)));
    let tally = catch_unwind(AssertUnwindSafe(|| stage.play())).ok();
    HERE.set(None);
    tally
}

pub(crate) struct Stage {
    cell: Cell,
    event_loop: TestLoop,
    shared: Arc<Shared>,
    local: RefCell<Option<Task<Output>>>,
    /// Who waits by hand, with no task of its own.
    wait: RefCell<Option<Wait>>,
    answer: Slot<Option<Answer>>,
    /// Entries of the queue that are the actor's.
    own_entries: Slot<u64>,
    reports: Rc<Slot<usize>>,
    found: Slot<Option<TaskState>>,
    live: Slot<Option<usize>>,
    refused: Slot<bool>,
}

impl Stage {
    /// With one entry a turn, the loop can be stopped before any of them.
    fn new(cell: Cell) -> Self {
        let event_loop = EventLoop::builder().entries_between_polls(1).build().unwrap();
        let reports = Rc::new(Slot::new(0));
        let reported = Rc::clone(&reports);
        event_loop.set_exception_handler(move |context: &ErrorContext| {
            match context.origin() {
                // No panic: the subject calls the actor.
                ErrorOrigin::System => here().act_by_hand(),
                _ => reported.set(reported.get() + 1),
            }
        });
        let stage = Self {
            cell,
            event_loop: TestLoop::of(event_loop),
            shared: Shared::new(),
            local: RefCell::default(),
            wait: RefCell::default(),
            answer: Slot::default(),
            own_entries: Slot::default(),
            reports,
            found: Slot::default(),
            live: Slot::default(),
            refused: Slot::default(),
        };
        if cell.kind == Kind::Local {
            stage.local.replace(Some(Task::new(Subject(Arc::clone(&stage.shared)))));
        }
        stage
    }

    fn play(&self) -> Tally {
        self.prepare();
        if self.cell.action == Action::Destroy {
            self.destroy();
        } else {
            self.settle();
            self.let_finish();
        }
        self.tally()
    }

    /// Until the actor's own entry has run, if it needs one.
    fn prepare(&self) {
        let direct = self.cell.is_direct();
        match self.cell.state {
            State::Unstarted => self.cue(),
            // An actor that has an entry is queued first, so as to find the subject queued.
            State::Queued if direct => {
                self.start();
                self.cue();
            },
            State::Queued => {
                self.cue();
                self.start();
            },
            State::Woken => {
                self.start();
                self.settle();
                if direct {
                    self.shared.wake();
                    self.cue();
                } else {
                    self.cue();
                    self.shared.wake();
                }
            },
            State::Running => {
                self.shared.set_next(Next::BeActedOn);
                self.start();
            },
            State::Parked | State::Finished => {
                if self.cell.state == State::Finished {
                    self.shared.set_next(Next::Finish);
                }
                self.start();
                self.settle();
                self.cue();
            },
        }
        self.turn();
        // In a running task a call from another thread is an entry behind it.
        if self.cell.state == State::Running && self.cell.actor == Actor::Thread && !direct {
            self.turn();
        }
    }

    fn start(&self) {
        match self.cell.kind {
            Kind::Local => self.local.borrow().as_ref().unwrap().start().unwrap(),
            Kind::Remote => {
                let (remote, subject) =
                    (self.event_loop.remote(), Subject(Arc::clone(&self.shared)));
                let spawned = thread::spawn(move || remote.spawn_from_thread(subject));
                *lock(&self.shared.remote) = Some(spawned.join().unwrap().unwrap());
            },
        }
    }

    fn turn(&self) -> TurnOutcome {
        self.event_loop.turn(Some(Duration::ZERO)).unwrap()
    }

    /// Runs until nothing is queued, and then asks whether who waits by hand has to.
    fn settle(&self) {
        let idle = (0..100).any(|_| self.turn() == TurnOutcome::Idle);
        assert!(idle, "the loop comes to no rest");
        let is_task = self.cell.actor == Actor::Task;
        let waker = if is_task { Waker::noop() } else { &self.shared.waiter };
        self.poll_wait(&mut Context::from_waker(waker));
    }

    /// Ends the subject, in case it has not ended.
    fn let_finish(&self) {
        self.shared.set_next(Next::Finish);
        if self.cell.state == State::Unstarted {
            // Unless it was dropped, or started to panic.
            self.local.borrow().as_ref().map(Task::start);
        }
        self.shared.wake();
        self.settle();
    }

    fn destroy(&self) {
        self.event_loop.destroy().unwrap();
        assert!(matches!(self.event_loop.destroy(), Err(LoopError::Closed)));
    }
}
