//! Groups of tasks that end with their scope: failures, joins, values (R-9).

mod common;

use std::future::{Future, pending};

use common::{TestLoop, Trace, reports, waiting};
use evergreen_loop::EventLoop;
use evergreen_task::{GroupError, Task, TaskGroup, catch_kill, sleep, yield_now};

type Failure = GroupError<&'static str>;

/// A member that waits for good and notes when it is dropped.
fn member(trace: &Trace, name: &str) -> impl Future<Output = Result<(), &'static str>> + use<> {
    let wait = waiting(trace, name);
    async move {
        wait.await;
        Ok(())
    }
}

/// The tasks of the loop that have not ended.
fn live() -> usize {
    EventLoop::current().expect("a loop").metrics().tasks
}

fn failed_with(outcome: &Result<(), Failure>, text: &str) -> bool {
    matches!(outcome, Err(GroupError::Failed(error)) if *error == text)
}

// R-9: "Awaited exit joins."
#[test]
fn a_scope_ends_when_its_body_and_all_tasks_have() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let output = event_loop.block_on(TaskGroup::scope(async |group| {
        for (name, delay) in [("slow", 0.002), ("quick", 0.0)] {
            let noting = noting.clone();
            group.spawn(async move {
                sleep(delay).await;
                noting.note(name);
                Ok(())
            });
        }
        noting.note("body ends");
        Ok::<_, ()>(7)
    }));
    assert_eq!((output.ok(), live()), (Some(7), 0));
    assert_eq!(trace.take(), ["body ends", "quick", "slow"]);
}

// R-9: the first failure kills the rest, in the order in which they were spawned, and surfaces.
#[test]
fn the_first_error_kills_the_others_and_is_what_the_scope_gives() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let noting = trace.clone();
    let outcome = event_loop.block_on(async {
        let outcome = TaskGroup::scope(async |group| {
            let _guard = noting.on_drop("body dropped");
            // Its place is free again, but does not come first because of that.
            group.spawn(async { Ok(()) }).await.expect("it ends well");
            group.spawn(member(&noting, "first"));
            group.spawn(member(&noting, "second"));
            group.spawn(async {
                sleep(0.001).await;
                Err::<(), _>("no route")
            });
            pending::<()>().await;
            Ok(())
        })
        .await;
        noting.note(format_args!("{} live", live()));
        outcome
    });
    assert!(failed_with(&outcome, "no route"), "{outcome:?}");
    assert_eq!(trace.take(), ["first dropped", "second dropped", "body dropped", "0 live"]);
    assert_eq!(reported.take(), Vec::<String>::new());
}

// R-9, D-7
#[test]
fn a_panic_is_reported_at_once_and_the_scope_gives_its_payload() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let noting = trace.clone();
    let outcome = event_loop.block_on(TaskGroup::<()>::scope(async |group| {
        let named = Task::builder().name("child");
        let _detached = group.spawn_with(named, async {
            yield_now().await;
            std::panic::panic_any(7_u8);
            #[expect(unreachable_code, reason = "it says what the task would give")]
            Ok(())
        });
        waiting(&noting, "body").await;
        Ok(())
    }));
    let Err(GroupError::Panicked(panic)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(panic.into_payload().downcast_ref::<u8>(), Some(&7));
    assert_eq!(trace.take(), ["body dropped"]);
    assert_eq!(reported.take(), ["Task child panicked: a value that is no text"]);
}

// R-9, D-7: nobody else can take them.
#[test]
fn later_errors_are_reported_and_the_first_is_not() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let outcome = event_loop.block_on(TaskGroup::scope(async |group| {
        for (name, error) in [("a", "first"), ("b", "second")] {
            group.spawn_with(Task::builder().name(name), async move {
                // It lives on for its clean-up, which fails as well.
                catch_kill(pending::<()>()).await.ok();
                Err::<(), _>(error)
            });
        }
        yield_now().await;
        group.kill_all();
        pending::<Result<(), _>>().await
    }));
    assert!(failed_with(&outcome, "first"), "{outcome:?}");
    assert_eq!(reported.take(), [r#"Task b failed unheard: "second""#]);
}

// R-9
#[test]
fn an_error_of_the_body_kills_the_tasks_and_waits_for_their_ends() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let outcome = event_loop.block_on(TaskGroup::scope(async |group| {
        group.spawn(member(&noting, "child"));
        yield_now().await;
        Err::<(), _>("the body's")
    }));
    assert!(failed_with(&outcome, "the body's"), "{outcome:?}");
    assert_eq!((trace.take(), live()), (vec!["child dropped".to_owned()], 0));
}

// R-9, EV-TASK-16
#[test]
fn a_failed_group_waits_for_the_clean_up_of_those_that_catch_the_kill() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let outcome = event_loop.block_on(async {
        let cleaning = noting.clone();
        let outcome = TaskGroup::scope(async |group| {
            group.spawn(async move {
                catch_kill(pending::<()>()).await.ok();
                sleep(0.002).await;
                cleaning.note("said goodbye");
                Ok(())
            });
            yield_now().await;
            Err::<(), _>("enough")
        })
        .await;
        noting.note(format_args!("{} live", live()));
        outcome
    });
    assert!(failed_with(&outcome, "enough"), "{outcome:?}");
    assert_eq!(trace.take(), ["said goodbye", "0 live"]);
}

// R-9: a body that is ready in the turn that brings a failure is too late.
#[test]
fn a_failure_before_the_bodys_end_takes_its_value() {
    let event_loop = TestLoop::new();
    let outcome = event_loop.block_on(TaskGroup::scope(async |group| {
        group.spawn(async { Err::<(), _>("first") });
        yield_now().await;
        Ok(())
    }));
    assert!(failed_with(&outcome, "first"), "{outcome:?}");
}

// R-9: what went wrong is the child's panic, not what a body would make of it.
#[test]
fn a_body_that_waits_for_a_child_does_not_go_on_when_it_fails() {
    let event_loop = TestLoop::new();
    for panics in [false, true] {
        let outcome = event_loop.block_on(TaskGroup::scope(async |group| {
            let child = group.spawn(async move {
                yield_now().await;
                if panics { panic!("out of cheese") } else { Err::<(), _>("no cheese") }
            });
            child.await.expect("never an error here");
            Ok(())
        }));
        assert!(outcome.unwrap_err().to_string().ends_with("cheese"));
    }
}

// R-9, EV-TASK-09
#[test]
fn what_is_spawned_into_a_failed_group_never_begins() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let group = TaskGroup::new();
        group.spawn(async { Err::<(), _>("first") });
        yield_now().await;
        let late: Task<()> = group.spawn(async { unreachable!("the group has failed") });
        assert!(late.join().await.is_ok_and(|ended| ended));
        assert!(late.await.unwrap_err().is_exit());
        assert!(failed_with(&group.join().await, "first"));
    });
}

// R-9: "A task that is killed has not failed."
#[test]
fn a_member_that_is_killed_from_outside_is_no_failure() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let outcome = event_loop.block_on(async {
        let group = TaskGroup::<&str>::new();
        let killed = group.spawn(member(&trace, "killed"));
        let other = group.spawn(async {
            sleep(0.001).await;
            Ok(7)
        });
        yield_now().await;
        killed.kill();
        assert!(killed.await.unwrap_err().is_exit());
        assert_eq!(group.len(), 1);
        assert_eq!(other.await.unwrap(), 7);
        assert!(group.is_empty());
        group.join().await
    });
    assert!(outcome.is_ok());
}

// R-9: handles give values; of a failure they only know that there is no value.
#[test]
fn handles_of_a_group_give_values_and_its_join_gives_the_error() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let group = TaskGroup::new();
        let fails = group.spawn(async { Err::<u8, _>("no value") });
        assert!(fails.await.unwrap_err().is_exit());
        assert!(failed_with(&group.join().await, "no value"));
        let group = TaskGroup::<()>::new();
        let panics = group.spawn(async { panic!("out of cheese") as Result<(), ()> });
        let error = panics.await.unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: out of cheese");
        let outcome = group.join().await.unwrap_err();
        assert!(format!("{outcome:?}").contains("out of cheese"));
    });
}
