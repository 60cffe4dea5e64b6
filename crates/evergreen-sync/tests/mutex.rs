//! `Mutex`: first come, first served; nothing is lost with who is killed.

mod common;

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use common::{TestLoop, settle};
use evergreen_sync::Mutex;
use evergreen_task::{Task, spawn, yield_now};

fn adds(log: &Rc<Mutex<String>>, name: char) -> Task<()> {
    let log = Rc::clone(log);
    spawn(async move {
        let mut text = log.lock().await;
        text.push(name);
        yield_now().await;
        text.push(name);
    })
}

#[test]
fn one_task_at_a_time_has_the_value_in_the_order_of_coming() {
    TestLoop::new().block_on(async {
        let log = Rc::new(Mutex::new(String::new()));
        let held = log.lock().await;
        let _tasks = ['a', 'b', 'c'].map(|name| adds(&log, name));
        settle().await;
        assert!(log.try_lock().is_none());
        drop(held);
        settle().await;
        assert_eq!(*log.lock().await, "aabbcc");
    });
}

// D-12
#[test]
fn a_turn_that_was_granted_to_a_killed_task_goes_to_the_next() {
    TestLoop::new().block_on(async {
        let log = Rc::new(Mutex::new(String::new()));
        let held = log.lock().await;
        let [first, second, _third] = ['a', 'b', 'c'].map(|name| adds(&log, name));
        settle().await;
        first.kill();
        second.kill();
        drop(held);
        assert!(log.try_lock().is_none(), "it is owed to the first");
        settle().await;
        assert_eq!(*log.try_lock().expect("free"), "cc");
    });
}

#[test]
fn a_task_that_is_killed_while_it_has_the_value_gives_it_back() {
    TestLoop::new().block_on(async {
        let log = Rc::new(Mutex::new(String::new()));
        let waits_for_ever = spawn({
            let log = Rc::clone(&log);
            async move {
                log.lock().await.push('a');
                let _held = log.lock().await;
                std::future::pending::<()>().await;
            }
        });
        yield_now().await;
        assert!(log.try_lock().is_none());
        waits_for_ever.kill();
        settle().await;
        assert_eq!(*log.try_lock().expect("free"), "a");
    });
}

/// Looks at the mutex at the moment of the wake-up.
struct Looks;

thread_local! {
    static MUTEX: Rc<Mutex<i32>> = Rc::new(Mutex::new(7));
    static SEEN: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        SEEN.set(MUTEX.with(|mutex| format!("{mutex:?}")));
    }
}

#[test]
fn the_value_is_free_when_its_turn_is_given_on() {
    let mutex = MUTEX.with(Rc::clone);
    let held = mutex.try_lock().expect("free");
    let waker = Waker::from(Arc::new(Looks));
    let mut waits = pin!(mutex.lock());
    assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(held);
    let seen = SEEN.take();
    assert!(seen.contains("value: 7"), "{seen}");
}

#[test]
fn the_value_can_be_had_without_waiting_by_whoever_has_the_mutex_alone() {
    let mut mutex = Mutex::from(1);
    *mutex.get_mut() += 1;
    let held = mutex.try_lock().expect("free");
    assert_eq!((format!("{held} {held:?}"), mutex.try_lock().is_none()), ("2 2".into(), true));
    drop(held);
    assert_eq!(mutex.into_inner(), 2);
    assert_eq!(Mutex::<i32>::default().into_inner(), 0);
}
