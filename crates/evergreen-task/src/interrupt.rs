//! Kills on their way, and the scopes of a task that may take them (D-8).
//!
//! ```text
//!           kill's turn                 a scope claims it
//!  queued ---------------> aimed -------------------------------> taken
//!                           |  ^                                    |
//!          the task's poll  |  | at the next scope outward          | the next kill that waits
//!          left it there    +--+                                    v is aimed in its turn
//!                           |
//!                           | no scope is left
//!                           v
//!                      the task ends
//! ```
//!
//! One kill is aimed at a time; others wait for it to be settled, so that a task that catches one is
//! met by the next at its next suspension (EV-TASK-14).

use std::task::Waker;

/// The kills and scopes of one task. It belongs to the loop's thread.
#[derive(Default)]
pub(crate) struct Interrupts {
    /// In the order in which they were entered.
    scopes: Vec<Scope>,
    entered: u64,
    aimed: Option<u64>,
    waiting: usize,
}

struct Scope {
    id: u64,
    waker: Waker,
}

/// Who is to take a kill.
pub(crate) enum Target {
    /// A scope, by waking what polled it last.
    Scope(Waker),
    /// The task itself.
    Task,
    /// Nobody yet: an earlier kill is under way.
    Later,
}

impl Interrupts {
    /// A kill's turn has come: aims it at the scope that was entered last.
    pub(crate) fn strike(&mut self) -> Target {
        if self.aimed.is_some() {
            self.waiting += 1;
            return Target::Later;
        }
        self.aim_below(u64::MAX)
    }

    /// The task was polled and waits again. A kill that nobody claimed moves outward; after one that
    /// was claimed the next has its turn. `None` if no kill is under way.
    pub(crate) fn settle(&mut self) -> Option<Target> {
        let below = match self.aimed.take() {
            Some(unclaimed) => unclaimed,
            None if self.waiting > 0 => {
                self.waiting -= 1;
                u64::MAX
            },
            None => return None,
        };
        Some(self.aim_below(below))
    }

    fn aim_below(&mut self, id: u64) -> Target {
        match self.scopes.iter().rev().find(|scope| scope.id < id) {
            Some(scope) => {
                self.aimed = Some(scope.id);
                Target::Scope(scope.waker.clone())
            },
            None => Target::Task,
        }
    }

    /// Enters a scope and gives its number.
    pub(crate) fn enter(&mut self, waker: Waker) -> u64 {
        self.entered += 1;
        self.scopes.push(Scope { id: self.entered, waker });
        self.entered
    }

    /// Whether a kill is aimed at the scope, which takes it.
    pub(crate) fn claim(&mut self, id: u64) -> bool {
        self.aimed.take_if(|aimed| *aimed == id).is_some()
    }

    /// Notes who polls the scope now. The former waker is given back, to be dropped outside of the
    /// lock.
    pub(crate) fn renew(&mut self, id: u64, waker: &Waker) -> Option<Waker> {
        let scope = self.scopes.iter_mut().find(|scope| scope.id == id)?;
        (!scope.waker.will_wake(waker)).then(|| std::mem::replace(&mut scope.waker, waker.clone()))
    }

    /// A scope is over. A kill that is aimed at it moves outward when the task waits again.
    pub(crate) fn leave(&mut self, id: u64) -> Option<Waker> {
        let place = self.scopes.iter().position(|scope| scope.id == id)?;
        Some(self.scopes.remove(place).waker)
    }
}
