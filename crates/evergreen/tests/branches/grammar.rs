//! `select!`: what may be written, which is what tokio's takes.

use std::future::{Future, IntoFuture, Ready, pending, ready};
use std::num::ParseIntError;

use evergreen::{pin, select, spawn, yield_now};

use crate::{Trace, run};

#[test]
fn handlers_are_blocks_or_expressions_with_commas_or_without() {
    let answer = |which: u8| async move {
        select! {
            biased;
            () = ready(()), if which == 0 => { 10 }
            () = ready(()), if which == 1 => { 11 },
            () = ready(()), if which == 2 => 10 + 2,
            3 = ready(which) => Vec::<u8>::from([13])[0],
            _ = ready(()), if which == 4 => { yield_now().await; 14 }
            else => 15
        }
    };
    let answers = run(async {
        let mut answers = Vec::new();
        for which in 0..6 {
            answers.push(answer(which).await);
        }
        answers
    });
    assert_eq!(answers, [10, 11, 12, 13, 14, 15]);
}

const LIMIT: u8 = 7;

#[derive(Debug, PartialEq)]
enum Message {
    Text(String),
    Pair { left: u8, right: u8 },
    End,
}

#[test]
fn patterns_are_those_of_match() {
    async fn classify(message: Message) -> String {
        select! {
            Message::Text(mut text) = async { message } => { text.push('!'); text }
            Message::End | Message::Pair { left: 0, .. } = ready(Message::End) => "end".to_owned(),
        }
    }
    run(async {
        assert_eq!(classify(Message::Text("hi".to_owned())).await, "hi!");
        assert_eq!(classify(Message::End).await, "end");
        assert!(select! { LIMIT = ready(7) => true, else => false });
        assert!(!select! { LIMIT = ready(8) => true, else => false });
        assert!(select! { "go" = ready("go") => true, else => false });
        assert_eq!(select! { &number = ready(&5) => number }, 5);
        assert_eq!(select! { all @ Some(1..=9) = ready(Some(5)) => all, else => None }, Some(5));
        assert_eq!(
            select! { Some(ref text) = ready(Some("a".to_owned())) => text.len(), else => 0 },
            1
        );
        let pair = Message::Pair { left: 1, right: 2 };
        assert_eq!(
            select! { Message::Pair { left, right } = ready(pair) => left + right, else => 0 },
            3
        );
        assert_eq!(select! { Ok(text) | Err(text) = ready(Err::<&str, _>("b")) => text }, "b");
        assert_eq!(select! { [first, .., last] = ready([1, 2, 3]) => first + last }, 4);
    });
}

#[test]
fn jumps_in_handlers_act_on_what_surrounds_the_macro() {
    async fn parse(text: &str) -> Result<u8, ParseIntError> {
        let mut rounds = 0;
        let number = loop {
            rounds += 1;
            select! {
                () = ready(()), if rounds < 3 => continue,
                () = ready(()), if text == "return" => return Ok(rounds),
                () = ready(()), if text == "break" => break 100,
                () = ready(()) => break text.parse::<u8>()?,
            }
        };
        Ok(number)
    }
    run(async {
        assert_eq!(parse("return").await, Ok(3));
        assert_eq!(parse("break").await, Ok(100));
        assert_eq!(parse("42").await, Ok(42));
        assert!(parse("x").await.is_err());
    });
}

#[test]
fn the_question_mark_works_in_futures_and_conditions() {
    async fn parse(text: &str) -> Result<u8, ParseIntError> {
        select! {
            number = ready(text.parse::<u8>()?), if text.parse::<u8>()? > 1 => Ok(number),
            else => Ok(0),
        }
    }
    run(async {
        assert_eq!(parse("2").await, Ok(2));
        assert_eq!(parse("1").await, Ok(0));
        assert!(parse("x").await.is_err());
    });
}

#[test]
fn futures_borrow_what_conditions_have_read_and_handlers_change() {
    run(async {
        let mut items = vec![1, 2, 3];
        let mut other = 0;
        while !items.is_empty() {
            select! {
                () = wait(&mut items), if !items.is_empty() => { items.pop(); }
                () = wait(&mut other), if items.len() > 5 => other += 1,
            }
        }
        assert_eq!((items, other), (vec![], 0));
    });
}

async fn wait<T>(_: &mut T) {
    yield_now().await;
}

#[test]
fn a_temporary_lives_while_its_future_waits_and_no_longer() {
    let trace = Trace::default();
    run(async {
        select! {
            () = wait(&mut trace.on_drop("temporary")) => trace.note("handler"),
            () = trace_once(&trace) => {}
        }
    });
    assert_eq!(trace.take(), ["other branch", "drop temporary", "handler"]);
}

async fn trace_once(trace: &Trace) {
    trace.note("other branch");
    pending::<()>().await;
}

#[test]
fn a_future_that_is_lent_goes_on_in_the_next_round() {
    run(async {
        let mut task = spawn(async {
            yield_now().await;
            "task"
        });
        let mut pinned = pin!(async {
            yield_now().await;
            yield_now().await;
            yield_now().await;
        });
        let mut seen = Vec::new();
        while seen.len() < 2 {
            select! {
                () = &mut pinned, if !seen.contains(&"pinned") => seen.push("pinned"),
                Ok(name) = &mut task, if !seen.contains(&"task") => seen.push(name),
                () = yield_now() => {}
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, ["pinned", "task"]);
    });
}

struct Request(u8);

impl IntoFuture for Request {
    type Output = u8;
    type IntoFuture = Ready<u8>;

    fn into_future(self) -> Ready<u8> {
        ready(self.0)
    }
}

#[test]
fn a_branch_takes_whatever_can_be_awaited() {
    assert_eq!(
        run(async {
            select! { number = Request(3) => number }
        }),
        3
    );
}

#[test]
fn else_alone_is_a_branch() {
    assert_eq!(
        run(async {
            select! { else => 1 }
        }),
        1
    );
}

#[test]
#[should_panic = "all branches of `select!` are disabled and there is no `else`"]
fn it_panics_when_all_are_disabled_and_there_is_no_else() {
    run(async {
        select! { Some(()) = ready(None) => {}, () = pending(), if false => {} }
    });
}

#[test]
fn it_nests_and_its_names_disturb_nobody() {
    run(async {
        let (output, enabled, fits) = (1, 2, 3);
        let sum = select! {
            number = async { select! { inner = ready(output) => inner + enabled } } => {
                select! { inner = ready(number) => inner + output + enabled + fits }
            }
        };
        assert_eq!(sum, 9);
    });
}

#[test]
fn it_may_stand_where_a_future_must_be_send() {
    fn send<F: Future + Send>(future: F) -> F {
        future
    }
    let future = send(async {
        select! {
            number = async { yield_now().await; 1 } => { yield_now().await; number }
            () = pending() => 0,
        }
    });
    assert_eq!(run(future), 1);
}
