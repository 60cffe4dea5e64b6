//! The real side: tasks on a loop.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;

use evergreen_loop::EventLoop;
use evergreen_task::{Task, spawn};

use crate::subject::Subject;

/// Where a task tells what it got.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    told: Rc<RefCell<Vec<String>>>,
    task: usize,
}

impl Notes {
    pub(crate) fn note(&self, word: impl Display) {
        self.told.borrow_mut().push(format!("{}: {word}", self.task));
    }
}

pub(crate) struct Actors<S: Subject> {
    pub(crate) real: Rc<S::Real>,
    pub(crate) tasks: Vec<Task<()>>,
    notes: Notes,
}

impl<S: Subject> Actors<S> {
    pub(crate) fn new(setup: &S::Setup) -> Self {
        Self { real: Rc::new(S::real(setup)), tasks: Vec::new(), notes: Notes::default() }
    }

    pub(crate) fn start(&mut self, ask: &S::Ask) {
        let notes = Notes { task: self.tasks.len(), ..self.notes.clone() };
        self.tasks.push(spawn(S::act(Rc::clone(&self.real), ask.clone(), notes)));
    }

    pub(crate) fn call(&self, call: &S::Call) {
        called::<S>(&self.real, call.clone(), &self.notes);
    }

    pub(crate) fn call_in(&self, seconds: u8, call: &S::Call) {
        let (real, call, notes) = (Rc::clone(&self.real), call.clone(), self.notes.clone());
        let event_loop = EventLoop::current().expect("the loop of this test");
        drop(event_loop.call_later(f64::from(seconds), move || called::<S>(&real, call, &notes)));
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.notes.told.take()
    }
}

fn called<S: Subject>(real: &Rc<S::Real>, call: S::Call, notes: &Notes) {
    let answer = S::call(real, call);
    notes.told.borrow_mut().push(answer);
}
