//! What happens, drawn at random.

use proptest::prelude::*;

use crate::subject::Subject;

#[derive(Clone, Debug)]
pub(crate) enum Step<A, C> {
    Start(A),
    Call(C),
    /// In so many seconds, from the loop.
    CallIn(u8, C),
    /// The task of this number, counted around from the last.
    Kill(usize),
    /// A task is woken for nothing.
    Wake(usize),
    /// Everything that is queued has its turn.
    Turn,
    /// So many seconds pass.
    Pass(u8),
}

pub(crate) type Schedule<S> = Vec<Step<<S as Subject>::Ask, <S as Subject>::Call>>;

/// Short ones find most; in long ones crowds gather.
pub(crate) fn schedules<S: Subject>() -> impl Strategy<Value = Schedule<S>> {
    prop_oneof![
        3 => prop::collection::vec(step::<S>(), 1..24),
        1 => prop::collection::vec(step::<S>(), 24..64),
    ]
}

fn step<S: Subject>() -> impl Strategy<Value = Step<S::Ask, S::Call>> {
    // The last few are those that wait.
    let task = 0..6_usize;
    prop_oneof![
        8 => S::asks().prop_map(Step::Start),
        5 => S::calls().prop_map(Step::Call),
        2 => (0..4_u8, S::calls()).prop_map(|(seconds, call)| Step::CallIn(seconds, call)),
        3 => task.clone().prop_map(Step::Kill),
        1 => task.prop_map(Step::Wake),
        4 => Just(Step::Turn),
        1 => (1..4_u8).prop_map(Step::Pass),
    ]
}
