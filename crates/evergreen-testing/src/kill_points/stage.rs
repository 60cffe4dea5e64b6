//! What a scenario is played on.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use evergreen_task::{JoinError, Task, TaskRef, TaskState, spawn};

use super::point::{Ending, Point};
use super::role::{Role, Woken};
use crate::suspend::settle;

/// Where a scenario starts its roles, and what it knows of them.
#[derive(Clone, Default)]
pub struct Stage(Rc<Inside>);

#[derive(Default)]
struct Inside {
    point: Option<Point>,
    reached: Cell<bool>,
    roles: RefCell<Vec<Seen>>,
    /// Those that nobody has waited for, by their numbers.
    tasks: RefCell<Vec<(usize, Task<()>)>>,
    ended: RefCell<Vec<usize>>,
}

/// What is known of a role.
#[derive(Default)]
struct Seen {
    task: Option<TaskRef>,
    waker: Weak<Woken>,
    suspensions: usize,
    is_polled: bool,
}

impl Seen {
    fn is_present(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.state() != TaskState::Ended)
    }
}

thread_local! {
    /// The stage of this thread, for wakers.
    static PLAYED: RefCell<Stage> = RefCell::default();
}

/// A role is being woken.
pub(super) fn woken(role: usize) {
    // A waker is dropped late: the stage may be gone with its thread.
    let Ok(stage) = PLAYED.try_with(|stage| stage.borrow().clone()) else { return };
    let ahead = stage.0.roles.borrow().get(role).map(|seen| usize::from(seen.is_polled));
    if ahead.is_some_and(|ahead| stage.strikes(role, ahead, Ending::KilledWoken)) {
        stage.kill(role);
    }
}

impl Stage {
    pub(super) fn new(point: Option<Point>) -> Self {
        let stage = Self(Rc::new(Inside { point, ..Inside::default() }));
        PLAYED.set(stage.clone());
        stage
    }

    /// Starts the next role, as a task.
    pub fn role(&self, future: impl Future<Output = ()> + 'static) {
        let number = self.0.roles.borrow().len();
        self.0.roles.borrow_mut().push(Seen::default());
        let task = spawn(Role::new(number, self.clone(), future));
        self.0.roles.borrow_mut()[number].task = Some(task.task_ref());
        self.0.tasks.borrow_mut().push((number, task));
    }

    /// Waits until all roles have ended. Time may pass meanwhile.
    ///
    /// # Panics
    ///
    /// If a role waits for an hour, has panicked, or has left a waker somewhere.
    ///
    /// # Kill safety
    ///
    /// The roles run on.
    pub async fn rest(&self) {
        for (number, task) in self.0.tasks.take() {
            let ended = task.join_timeout(3600.0).await;
            assert_eq!(ended, Ok(true), "role {number} waits for ever");
            match task.await {
                Ok(()) => {},
                Err(JoinError::Killed) => assert_eq!(self.victim(), Some(number)),
                Err(error) => panic!("role {number}: {error}"),
            }
        }
        self.settle().await;
    }

    /// Lets everything run that is queued, and what follows from it: see [`settle`]. Whoever has ended
    /// by then is forgotten.
    ///
    /// # Panics
    ///
    /// If the waker of a role that has ended is kept somewhere.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn settle(&self) {
        settle().await;
        self.assert_forgotten();
    }

    /// Nothing that could be waited for keeps the waker of a role that has ended.
    fn assert_forgotten(&self) {
        let roles = self.0.roles.borrow();
        let is_kept = |seen: &Seen| !seen.is_present() && seen.waker.strong_count() > 0;
        let kept: Vec<_> = (0..roles.len()).filter(|&role| is_kept(&roles[role])).collect();
        assert!(kept.is_empty(), "the wakers of {kept:?} are kept");
    }

    /// Waits until all roles have ended; those that were not to end early have come to their end in
    /// the order in which they were started.
    ///
    /// # Panics
    ///
    /// As [`rest`](Self::rest), and if the order is another one.
    ///
    /// # Kill safety
    ///
    /// The roles run on.
    pub async fn rest_in_order(&self) {
        self.rest().await;
        let all = 0..self.0.roles.borrow().len();
        let others: Vec<_> = all.filter(|&role| Some(role) != self.victim()).collect();
        let mut ended = self.0.ended.borrow().clone();
        ended.retain(|&role| Some(role) != self.victim());
        assert_eq!(ended, others, "the order in which the others were served");
    }

    /// Lets a newcomer wait, and serves it: whoever has gone stands in nobody's way.
    ///
    /// # Panics
    ///
    /// If it then waits for an hour, or has panicked.
    ///
    /// # Kill safety
    ///
    /// The newcomer waits on.
    pub async fn serves<T: 'static>(
        &self,
        newcomer: impl Future<Output = T> + 'static,
        serve: impl FnOnce(),
    ) -> T {
        let newcomer = spawn(newcomer);
        settle().await;
        serve();
        assert_eq!(newcomer.join_timeout(3600.0).await, Ok(true), "a newcomer is not served");
        newcomer.await.expect("neither killed nor panicked")
    }

    /// The role that ends early, if one does.
    pub fn victim(&self) -> Option<usize> {
        self.0.point.map(|point| point.role)
    }

    /// The point of this play; none if it is undisturbed.
    pub fn point(&self) -> Option<Point> {
        self.0.point
    }

    /// How many have come to their end.
    pub fn served(&self) -> usize {
        self.0.ended.borrow().len()
    }

    /// How many roles have not ended, in whatever way.
    pub fn present(&self) -> usize {
        self.0.roles.borrow().iter().filter(|seen| seen.is_present()).count()
    }

    /// Whether the victim ends only when it was woken.
    pub fn waits_to_be_woken(&self) -> bool {
        self.0.point.is_some_and(|point| match point.ending {
            Ending::KilledWoken => true,
            Ending::DroppedWoken => point.suspension > 0,
            Ending::Killed | Ending::Dropped => false,
        })
    }

    /// Whether its point was reached, if it has one.
    pub(super) fn is_complete(&self) -> bool {
        self.0.point.is_none() || self.0.reached.get()
    }

    /// How often each role has suspended.
    pub(super) fn suspensions(&self) -> Vec<usize> {
        self.0.roles.borrow().iter().map(|seen| seen.suspensions).collect()
    }

    /// Whether a role that has suspended so many times more than now is at its point.
    pub(super) fn strikes(&self, role: usize, ahead: usize, ending: Ending) -> bool {
        let suspension = self.0.roles.borrow()[role].suspensions + ahead;
        let here = Point { role, suspension, ending };
        let strikes = self.0.point == Some(here) && !self.0.reached.get();
        if strikes && matches!(ending, Ending::Dropped | Ending::DroppedWoken) {
            self.0.reached.set(true);
        }
        strikes
    }

    pub(super) fn kill(&self, role: usize) {
        self.0.roles.borrow()[role].task.as_ref().expect("a role that has begun").kill();
    }

    pub(super) fn set_polled(&self, role: usize, is_polled: bool) {
        self.0.roles.borrow_mut()[role].is_polled = is_polled;
    }

    pub(super) fn set_waker(&self, role: usize, waker: &Arc<Woken>) {
        self.0.roles.borrow_mut()[role].waker = Arc::downgrade(waker);
    }

    pub(super) fn suspended(&self, role: usize) {
        self.0.roles.borrow_mut()[role].suspensions += 1;
    }

    pub(super) fn ended(&self, role: usize) {
        self.0.ended.borrow_mut().push(role);
    }

    /// A kill has dropped a role.
    pub(super) fn fell(&self, role: usize) {
        let suspensions = self.0.roles.borrow()[role].suspensions;
        if self.0.point.is_some_and(|point| (point.role, point.suspension) == (role, suspensions)) {
            self.0.reached.set(true);
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("point", &self.0.point)
            .field("suspensions", &self.suspensions())
            .field("ended", &self.0.ended.borrow())
            .finish_non_exhaustive()
    }
}
