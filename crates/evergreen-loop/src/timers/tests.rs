//! The wheel against an ordered map.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

use proptest::prelude::*;

use super::{Alarm, Due, TimerKey, Timers};
use crate::clock::LoopTime;

/// A waker that can be told from others.
struct Numbered(u64, Arc<AtomicU64>);

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0, Ordering::Relaxed);
    }
}

/// The wheel, and beside it the map that it must agree with.
struct Model {
    timers: Timers,
    expected: BTreeMap<(u64, u64), TimerKey>,
    now: u64,
    made: u64,
    woken: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
enum Step {
    /// A timer this far ahead, in nanoseconds.
    Insert(u64),
    /// The timer that stands at this place among all, counted around.
    Cancel(usize),
    /// So many nanoseconds pass.
    Advance(u64),
    /// Time passes up to the next deadline that the wheel tells.
    Jump,
}

impl Model {
    fn new() -> Self {
        Self {
            timers: Timers::new(LoopTime::from_nanos(0)),
            expected: BTreeMap::new(),
            now: 0,
            made: 0,
            woken: Arc::default(),
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Insert(ahead) => self.insert(self.now.saturating_add(ahead)),
            Step::Cancel(place) => self.cancel(place),
            Step::Advance(nanos) => self.advance(self.now.saturating_add(nanos)),
            Step::Jump => self.jump(),
        }
        assert_eq!(self.timers.len(), self.expected.len());
    }

    fn insert(&mut self, deadline: u64) {
        self.made += 1;
        let waker = Waker::from(Arc::new(Numbered(self.made, Arc::clone(&self.woken))));
        let key = self.timers.insert(LoopTime::from_nanos(deadline), Alarm::Wake(waker));
        self.expected.insert((deadline, self.made), key);
    }

    fn cancel(&mut self, place: usize) {
        if self.expected.is_empty() {
            return;
        }
        let place = place % self.expected.len();
        let (&at, &key) = self.expected.iter().nth(place).unwrap();
        self.expected.remove(&at);
        let cancelled = self.timers.cancel(key).unwrap();
        assert_eq!(self.number(&cancelled), at.1);
        assert!(self.timers.cancel(key).is_none(), "a key is good for one timer");
    }

    fn advance(&mut self, now: u64) {
        self.now = now;
        let mut due = Vec::new();
        self.timers.expire(LoopTime::from_nanos(now), &mut due);
        let later = self.expected.split_off(&(now, u64::MAX));
        let expected: Vec<_> = std::mem::replace(&mut self.expected, later).into_keys().collect();
        let found: Vec<_> = due.iter().map(|due| (due.deadline, self.number_of(due))).collect();
        assert_eq!(found, expected, "exactly what is due, by deadline and creation");
    }

    fn jump(&mut self) {
        let first = self.expected.keys().next().map(|(deadline, _)| *deadline);
        let told = self.timers.next_deadline().map(LoopTime::as_nanos);
        assert_eq!(told.is_some(), first.is_some());
        if let (Some(told), Some(first)) = (told, first) {
            assert!(told <= first.max(self.now), "told {told}, but {first} comes first");
            if self.expected.len() <= 64 {
                assert_eq!(told, first, "a few timers are told exactly");
            }
            self.advance(told.max(self.now));
        }
    }

    fn number_of(&self, due: &Due) -> u64 {
        self.number(&due.alarm)
    }

    fn number(&self, alarm: &Alarm) -> u64 {
        match alarm {
            Alarm::Wake(waker) => waker.wake_by_ref(),
            Alarm::Call(_) => unreachable!("the model makes wakers"),
        }
        self.woken.load(Ordering::Relaxed)
    }
}

/// Near, far and very far; often the same.
fn nanos() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        0..5_000u64,
        (0..50u64).prop_map(|millis| millis * 1_000_000),
        0..2_000_000_000u64,
        any::<u64>().prop_map(|wide| wide >> (wide % 64)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => nanos().prop_map(Step::Insert),
        2 => any::<usize>().prop_map(Step::Cancel),
        1 => nanos().prop_map(Step::Advance),
        1 => Just(Step::Jump),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    // D-3 (6), EV-LOOP-06: 100 runs of 1,000 operations each.
    #[test]
    fn the_wheel_does_what_an_ordered_map_does(steps in prop::collection::vec(step(), 1_000)) {
        let mut model = Model::new();
        for step in &steps {
            model.step(step);
        }
        model.advance(u64::MAX);
    }
}

// EV-LOOP-06, F12: a million timers live at once, half of them cancelled, the rest in exact order.
#[test]
fn a_million_timers_live_at_once_and_expire_in_order() {
    const TIMERS: u64 = 1_000_000;
    let mut timers = Timers::new(LoopTime::from_nanos(0));
    let keys: Vec<TimerKey> = (0..TIMERS)
        .map(|n| {
            let deadline = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 60_000_000_000;
            timers.insert(LoopTime::from_nanos(deadline), Alarm::Wake(Waker::noop().clone()))
        })
        .collect();
    assert_eq!(timers.len(), 1_000_000);
    assert!(keys.iter().step_by(2).all(|key| timers.cancel(*key).is_some()));
    let mut due = Vec::new();
    for second in 1..=60 {
        let mut now_due = Vec::new();
        timers.expire(LoopTime::from_nanos(second * 1_000_000_000), &mut now_due);
        due.append(&mut now_due);
    }
    assert_eq!((due.len(), timers.len()), (500_000, 0));
    assert!(due.is_sorted_by_key(|due| (due.deadline, due.created)));
}

// F12: a million timers at one deadline come in the order they were made.
#[test]
fn a_million_timers_of_one_deadline_keep_the_order_of_creation() {
    let mut timers = Timers::new(LoopTime::from_nanos(5));
    let deadline = LoopTime::from_nanos(1_000_000_007);
    for _ in 0..1_000_000 {
        timers.insert(deadline, Alarm::Wake(Waker::noop().clone()));
    }
    let mut due = Vec::new();
    timers.expire(LoopTime::from_nanos(1_000_000_006), &mut due);
    assert!(due.is_empty(), "never early");
    timers.expire(deadline, &mut due);
    assert!((1..=1_000_000).eq(due.iter().map(|due| due.created)));
}
