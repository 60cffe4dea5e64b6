//! `Event`: rows EV-EVT.

mod common;

use std::rc::Rc;

use common::{TestLoop, Trace, settle, virtual_loop};
use evergreen_sync::Event;
use evergreen_task::{Task, sleep, spawn};

fn waiter(event: &Rc<Event>, trace: &Trace, name: &'static str) -> Task<()> {
    let (event, trace) = (Rc::clone(event), trace.clone());
    spawn(async move {
        assert!(event.wait().await);
        trace.note(name);
    })
}

// EV-EVT-01, EV-EVT-02, EV-EVT-03
#[test]
fn set_wakes_all_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        let _tasks = ["a", "b", "c"].map(|name| waiter(&event, &trace, name));
        settle().await;
        assert!(!event.is_set());
        event.set();
        event.set();
        assert!(event.is_set());
        assert_eq!(trace.take(), Vec::<String>::new());
        settle().await;
        assert_eq!(trace.take(), ["a", "b", "c"]);
        event.clear();
        assert!(!event.is_set());
    });
}

// EV-EVT-02: "callable from loop callbacks"
#[test]
fn a_callback_may_set_it() {
    let event_loop = TestLoop::new();
    let event = Rc::new(Event::new());
    let sets = Rc::clone(&event);
    event_loop.call_soon(move || sets.set());
    assert!(event_loop.block_on(event.wait()));
}

// EV-EVT-04
#[test]
fn waiting_for_what_is_set_is_no_trip_through_the_loop() {
    let event_loop = TestLoop::new();
    let event = Event::new();
    event.set();
    event_loop.block_on(async {
        assert!(evergreen_testing::must_not_suspend(event.wait()).await);
    });
}

// EV-EVT-05, D-11
#[test]
fn a_limit_is_over_after_its_time_or_one_trip_or_never() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let event = Rc::new(Event::new());
        let before = event_loop.time();
        assert!(!event.wait_timeout(5.0).await);
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert!(!event.wait_timeout(0.0).await);
        let sets = Rc::clone(&event);
        let late = spawn(async move {
            sleep(3600.0).await;
            sets.set();
        });
        assert!(event.wait_timeout(-1.0).await);
        late.await.expect("done");
    });
    event_loop.destroy().expect("not running");
}

// EV-EVT-05, R-3: the value first, then the deadline.
#[test]
fn a_set_that_comes_with_the_deadline_counts() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let event = Rc::new(Event::new());
        let sets = Rc::clone(&event);
        // Its timer is older, so its entry comes before.
        event_loop.call_later(1.0, move || sets.set());
        assert!(event.wait_timeout(1.0).await);
    });
    event_loop.destroy().expect("not running");
}

// EV-EVT-06
#[test]
fn who_waited_is_served_though_it_is_cleared_at_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        let _tasks = ["a", "b"].map(|name| waiter(&event, &trace, name));
        settle().await;
        event.set();
        event.clear();
        let _late = waiter(&event, &trace, "late");
        settle().await;
        assert_eq!(trace.take(), ["a", "b"]);
    });
}

// EV-EVT-07
#[test]
fn a_killed_waiter_leaves_no_trace() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        let [a, b, c] = ["a", "b", "c"].map(|name| waiter(&event, &trace, name));
        settle().await;
        b.kill();
        settle().await;
        assert_eq!(format!("{event:?}"), "Event { is_set: false, waiting: 2 }");
        a.kill();
        event.set();
        settle().await;
        assert_eq!(trace.take(), ["c"]);
        assert_eq!(format!("{event:?}"), "Event { is_set: true, waiting: 0 }");
        drop(c);
    });
}
