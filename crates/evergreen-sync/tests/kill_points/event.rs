//! `Event`: EV-EVT-07.

use std::rc::Rc;

use evergreen_sync::Event;
use evergreen_testing::kill_points::{Stage, every_point};

/// Sets it while the roles wait, and looks what is left; then a newcomer is served.
async fn set_and_look(stage: &Stage, event: Rc<Event>) {
    stage.settle().await;
    let waiting = format!("Event {{ is_set: false, waiting: {} }}", stage.present());
    assert_eq!(format!("{event:?}"), waiting);
    event.set();
    event.clear();
    stage.rest_in_order().await;
    assert_eq!(format!("{event:?}"), "Event { is_set: false, waiting: 0 }");
    let newcomer = Rc::clone(&event);
    stage.serves(async move { newcomer.wait().await }, || event.set()).await;
}

#[test]
fn event_wait() {
    every_point("Event::wait", async |stage| {
        let event = Rc::new(Event::new());
        for _ in 0..3 {
            let event = Rc::clone(&event);
            stage.role(async move { assert!(event.wait().await) });
        }
        set_and_look(stage, event).await;
    });
}

#[test]
fn event_wait_timeout() {
    every_point("Event::wait_timeout", async |stage| {
        let event = Rc::new(Event::new());
        for (limit, is_set) in [(0.0, false), (0.5, true), (-1.0, true)] {
            let event = Rc::clone(&event);
            stage.role(async move { assert_eq!(event.wait_timeout(limit).await, is_set) });
        }
        set_and_look(stage, event).await;
    });
}

#[test]
fn event_wait_timeout_that_is_over() {
    every_point("Event::wait_timeout", async |stage| {
        let event = Rc::new(Event::new());
        for limit in [0.5, 0.5, 0.75] {
            let event = Rc::clone(&event);
            stage.role(async move { assert!(!event.wait_timeout(limit).await) });
        }
        stage.rest().await;
        set_and_look(stage, event).await;
    });
}
