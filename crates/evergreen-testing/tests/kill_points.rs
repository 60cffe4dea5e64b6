//! What is wrong when a role ends is found, whatever it is.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::task::{Poll, Waker};

use evergreen_task::yield_now;
use evergreen_testing::kill_points::{Ending, Point, Stage, assert_covered, every_point};

/// What a lock does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Whoever is gone before its turn has begun keeps the turn,
    KeepsTurn,
    /// or its waker is kept somewhere.
    KeepsWaker,
    /// The last to come is the first to be served, if somebody is gone.
    Hurries,
}

/// A lock. Whoever lets go of it hands it to the one who has waited longest.
struct Turns {
    fault: Fault,
    waiting: RefCell<VecDeque<(u32, Waker)>>,
    kept: RefCell<Vec<(u32, Waker)>>,
    holder: Cell<Option<u32>>,
}

struct Turn<'a> {
    turns: &'a Turns,
    number: u32,
    has_begun: bool,
}

impl Turns {
    async fn take(&self, number: u32) -> Turn<'_> {
        let mut turn = Turn { turns: self, number, has_begun: false };
        if self.holder.get().is_none() {
            self.holder.set(Some(number));
        }
        poll_fn(|cx| {
            if self.holder.get() == Some(number) {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push_back((number, cx.waker().clone()));
            Poll::Pending
        })
        .await;
        turn.has_begun = true;
        turn
    }

    fn pass_on(&self, hurries: bool) {
        let mut waiting = self.waiting.borrow_mut();
        let next = if hurries { waiting.pop_back() } else { waiting.pop_front() };
        drop(waiting);
        self.holder.set(next.as_ref().map(|(number, _)| *number));
        next.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let (turns, fault) = (self.turns, self.turns.fault);
        let mut waiting = turns.waiting.borrow_mut();
        let place = waiting.iter().position(|(other, _)| *other == self.number);
        let gone = place.and_then(|place| waiting.remove(place));
        drop(waiting);
        if fault == Fault::KeepsWaker {
            turns.kept.borrow_mut().extend(gone);
        }
        let keeps = fault == Fault::KeepsTurn && !self.has_begun;
        if turns.holder.get() == Some(self.number) && !keeps {
            turns.pass_on(fault == Fault::Hurries && !self.has_begun);
        }
    }
}

async fn take_turns(stage: &Stage, fault: Fault) {
    let turns = Rc::new(Turns {
        fault,
        waiting: RefCell::default(),
        kept: RefCell::default(),
        holder: Cell::new(None),
    });
    for number in 0..4 {
        let turns = Rc::clone(&turns);
        stage.role(async move {
            let _turn = turns.take(number).await;
            yield_now().await;
        });
    }
    stage.rest_in_order().await;
}

fn play(fault: Fault) -> usize {
    every_point("Turns::take", async |stage| take_turns(stage, fault).await)
}

#[test]
fn every_point_is_played_once() {
    let played = RefCell::new(Vec::new());
    let points = every_point("Turns::take", async |stage| {
        played.borrow_mut().push(stage.point());
        take_turns(stage, Fault::None).await;
        assert_eq!(stage.present(), 0);
        assert!(stage.served() >= 3 && stage.served() <= 4);
    });
    // The first waits once, the others twice; each may also end before it begins.
    assert_eq!(points, (1 + 2 + 2 + 2) * 4 + 4);
    let played = played.into_inner();
    assert_eq!(played.len(), 1 + points);
    assert_eq!(played[0], None);
    let last = Point { role: 3, suspension: 2, ending: Ending::DroppedWoken };
    assert_eq!(played[points], Some(last));
}

#[test]
#[should_panic(expected = "role 2 waits for ever")]
fn a_turn_that_is_kept_is_found() {
    play(Fault::KeepsTurn);
}

#[test]
#[should_panic(expected = "the wakers of [1] are kept")]
fn a_waker_that_is_kept_is_found() {
    play(Fault::KeepsWaker);
}

#[test]
#[should_panic(expected = "the order in which the others were served")]
fn another_order_is_found() {
    play(Fault::Hurries);
}

#[test]
fn roles_may_begin_after_others_have_ended() {
    let points = every_point("yield_now", async |stage| {
        for _ in 0..2 {
            stage.role(yield_now());
            stage.rest_in_order().await;
        }
    });
    assert_eq!(points, 2 * (4 + 1));
}

#[test]
#[should_panic(expected = "role 1 waits for ever")]
fn a_role_keeps_its_number_when_others_have_ended() {
    every_point("pending", async |stage| {
        stage.role(yield_now());
        stage.rest().await;
        stage.role(std::future::pending());
        stage.rest().await;
    });
}

#[test]
#[should_panic(expected = "nobody has waited")]
fn a_scenario_in_which_nobody_waits_shows_nothing() {
    every_point("ready", async |stage| {
        stage.role(async {});
        stage.rest().await;
    });
}

#[test]
#[should_panic(expected = "a role did not come to its point")]
fn a_scenario_that_goes_another_way_is_found() {
    let plays = Cell::new(0);
    every_point("yield_now", async |stage| {
        plays.set(plays.get() + 1);
        if plays.get() == 1 {
            stage.role(yield_now());
        }
        stage.role(yield_now());
        stage.rest().await;
    });
}

#[test]
#[should_panic(expected = "a newcomer is not served")]
fn a_newcomer_whom_nobody_serves_is_found() {
    every_point("yield_now", async |stage| {
        stage.role(yield_now());
        stage.rest().await;
        stage.serves(std::future::pending::<()>(), || {}).await;
    });
}

#[test]
fn a_method_without_a_scenario_is_named_and_so_is_a_scenario_without_a_method() {
    let panic = catch_unwind(|| assert_covered("src", "tests")).expect_err("a panic");
    let text = panic.downcast_ref::<String>().expect("a text");
    // A method of this crate, and a scenario of this file.
    assert!(
        text.contains("\"VirtualClock::advance\"") && text.contains("\"Turns::take\""),
        "{text}"
    );
    let panic = catch_unwind(|| assert_covered("nowhere", "tests")).expect_err("a panic");
    assert!(panic.downcast_ref::<String>().expect("a text").starts_with("nowhere: "));
}
