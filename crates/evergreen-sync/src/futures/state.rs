//! What a job and its promise share.
//!
//! ```text
//!             begin                 finish
//!  Pending ----------> Running -------------------> Returned, Failed
//!     |                   |                             (`finish` from Pending, too)
//!     | cancel            | the promise is dropped
//!     v       notice      v
//!  Cancelled ---------> Noticed
//! ```

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;

use evergreen_loop::build::guarded;
use evergreen_loop::{ErrorContext, ErrorOrigin};

use super::as_completed::Gathering;
use super::claim::Claim;
use super::error::JobError;
use super::job::Job;
use crate::wait::Grants;
use crate::wait_list::WaitList;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Running,
    Cancelled,
    /// Cancelled, and whoever was to do it knows.
    Noticed,
    Returned,
    Failed,
}

impl State {
    pub(super) const fn is_cancelled(self) -> bool {
        matches!(self, Self::Cancelled | Self::Noticed)
    }

    pub(super) const fn is_done(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

pub(super) type Outcome<T> = Result<T, JobError>;

type Call<T> = Box<dyn FnOnce(&Job<T>)>;

/// To be called when the job is done, and where it was made.
struct Callback<T> {
    call: Call<T>,
    place: &'static Location<'static>,
}

pub(super) struct Shared<T> {
    state: Cell<State>,
    /// Of a call that another thread makes. Pending, it is running when this is taken.
    claim: Option<Claim>,
    /// Where it lies until somebody comes for it: with somebody there, it is in that one's hands.
    outcome: RefCell<Option<Outcome<T>>>,
    /// Whether somebody has it for good.
    is_used: Cell<bool>,
    getters: RefCell<WaitList<Outcome<T>>>,
    callbacks: RefCell<Vec<Callback<T>>>,
    /// Where it is to be seen when it is done, and whoever was to make the call knows.
    watchers: RefCell<BTreeMap<usize, Rc<Gathering<T>>>>,
}

impl<T> Shared<T> {
    pub(super) const fn new(claim: Option<Claim>) -> Self {
        Self {
            state: Cell::new(State::Pending),
            claim,
            outcome: RefCell::new(None),
            is_used: Cell::new(false),
            getters: RefCell::new(WaitList::new()),
            callbacks: RefCell::new(Vec::new()),
            watchers: RefCell::new(BTreeMap::new()),
        }
    }

    pub(super) fn state(&self) -> State {
        match (self.state.get(), &self.claim) {
            (State::Pending, Some(claim)) if claim.is_taken() => State::Running,
            (state, _) => state,
        }
    }

    /// False if another thread makes the call already; if not, it will not.
    pub(super) fn claim(&self) -> bool {
        self.claim.as_ref().is_none_or(Claim::take)
    }

    pub(super) fn set_running(&self) {
        self.state.set(State::Running);
    }

    /// The outcome, for whoever comes now. `None` if it is not there, or is owed to one who waits.
    pub(super) fn take(&self) -> Option<Outcome<T>> {
        match self.state() {
            State::Pending | State::Running => None,
            State::Cancelled | State::Noticed => Some(Err(JobError::Cancelled)),
            State::Returned | State::Failed if self.is_used.get() => {
                Some(Err(JobError::AlreadyUsed))
            },
            State::Returned | State::Failed => {
                let outcome = self.outcome.take()?;
                self.is_used.set(true);
                Some(outcome)
            },
        }
    }

    /// One who waited has got what it was granted: there is nothing left for the others.
    pub(super) fn mark_used(&self) {
        if !self.is_used.replace(true) {
            self.grant_all(|| JobError::AlreadyUsed);
        }
    }

    fn hand_over(&self, outcome: Outcome<T>) {
        if let Err(outcome) = self.grant(outcome) {
            *self.outcome.borrow_mut() = Some(outcome);
        }
    }

    fn grant_all(&self, error: impl Fn() -> JobError) {
        while self.waiting() > 0 {
            self.grant(Err(error())).ok();
        }
    }
}

/// Its ends.
impl<T> Job<T> {
    /// The call has returned, or has failed.
    pub(super) fn finish(&self, outcome: Outcome<T>) {
        let state = if outcome.is_ok() { State::Returned } else { State::Failed };
        self.0.state.set(state);
        self.show();
        self.0.hand_over(outcome);
        self.run_callbacks();
    }

    /// There will be no result. Whoever was to make the call knows it already, if the state is
    /// `Noticed`.
    pub(super) fn end_without(&self, state: State) {
        self.0.state.set(state);
        if state == State::Noticed {
            self.show();
        }
        self.0.grant_all(|| JobError::Cancelled);
        self.run_callbacks();
    }

    /// Whoever was to make the call knows that it is cancelled.
    pub(super) fn notice(&self) {
        self.0.state.set(State::Noticed);
        self.show();
    }

    pub(super) fn watch(&self, gathering: Rc<Gathering<T>>) -> usize {
        let mut watchers = self.0.watchers.borrow_mut();
        let key = watchers.last_key_value().map_or(0, |(last, _)| last + 1);
        watchers.insert(key, gathering);
        key
    }

    /// Does nothing if the job was shown meanwhile: then there are no watchers any more.
    pub(super) fn unwatch(&self, key: usize) {
        let watcher = self.0.watchers.borrow_mut().remove(&key);
        drop(watcher);
    }

    fn show(&self) {
        let watchers = self.0.watchers.take();
        watchers.into_values().for_each(|watcher| watcher.add(self.clone()));
    }

    pub(super) fn push_callback(
        &self,
        call: impl FnOnce(&Self) + 'static,
        place: &'static Location<'static>,
    ) {
        let callback = Callback { call: Box::new(call), place };
        if self.0.state().is_done() {
            self.run(callback);
        } else {
            self.0.callbacks.borrow_mut().push(callback);
        }
    }

    fn run_callbacks(&self) {
        let callbacks = self.0.callbacks.take();
        callbacks.into_iter().for_each(|callback| self.run(callback));
    }

    fn run(&self, Callback { call, place }: Callback<T>) {
        guarded(|| ErrorContext::new(ErrorOrigin::Callback).at(place), || call(self));
    }
}

impl<T> Grants for Shared<T> {
    type Grant = Outcome<T>;
    type Offer = ();

    fn waiters(&self) -> &RefCell<WaitList<Outcome<T>>> {
        &self.getters
    }

    /// What was granted and not fetched is for the next, and lies here until that one comes.
    fn pass_on(&self, grant: Outcome<T>) {
        if !self.is_used.get() && !self.state().is_cancelled() {
            self.hand_over(grant);
        }
    }
}
