//! What a waker finds that looks at a queue or a channel at once: nothing is borrowed, and all is in its
//! place. Rows EV-QUE-13, EV-CHAN-02.

mod common;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use common::{Trace, poll_once, put_all};
use evergreen_sync::channel::Channel;
use evergreen_sync::queue::{PriorityQueue, Queue, QueueError};

thread_local! {
    static WHEN_WOKEN: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
}

/// Runs what this thread has ready for it.
struct Looks;

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        let looks = WHEN_WOKEN.with_borrow_mut(Vec::pop);
        looks.expect("one for each wake")();
    }
}

/// Polls a future; `look` runs inside of its wake.
fn poll_looking<F: Future>(future: Pin<&mut F>, look: impl FnOnce() + 'static) -> Poll<F::Output> {
    WHEN_WOKEN.with_borrow_mut(|looks| looks.push(Box::new(look)));
    future.poll(&mut Context::from_waker(&Waker::from(Arc::new(Looks))))
}

// EV-QUE-13, R-11
#[test]
fn the_waker_of_a_getter_finds_the_item_gone() {
    let queue = Rc::new(Queue::new(1));
    let looks = Rc::clone(&queue);
    let mut gets = Box::pin(queue.get());
    let polled = poll_looking(gets.as_mut(), move || {
        assert_eq!(looks.get_nowait(), Err(QueueError::Empty));
        assert_eq!(looks.unfinished(), 1);
        looks.put_nowait("second").unwrap();
    });
    assert!(polled.is_pending());
    queue.put_nowait("first").unwrap();
    assert_eq!(poll_once(&mut gets), Poll::Ready("first"));
    assert_eq!(queue.get_nowait(), Ok("second"));
}

// EV-QUE-13
#[test]
fn the_waker_of_a_putter_finds_the_item_in() {
    let queue = Rc::new(Queue::new(1));
    put_all(&queue, ["first"]);
    let looks = Rc::clone(&queue);
    let mut puts = Box::pin(queue.put("second"));
    let polled = poll_looking(puts.as_mut(), move || {
        assert_eq!(looks.put_nowait("barges").unwrap_err().error, QueueError::Full);
        assert_eq!((looks.get_nowait(), looks.unfinished()), (Ok("second"), 2));
    });
    assert!(polled.is_pending());
    assert_eq!(queue.get_nowait(), Ok("first"));
    assert!(poll_once(&mut puts).is_ready());
    assert_eq!(queue.get_nowait(), Err(QueueError::Empty));
}

// EV-CHAN-02
#[test]
fn the_wakers_of_a_channel_find_each_in_its_place() {
    let (channel, trace) = (Channel::<u32>::new(), Trace::new());
    let look = || {
        let (channel, trace) = (channel.clone(), trace.clone());
        move || trace.note(format_args!("{channel:?}"))
    };
    let mut receives = Box::pin(channel.next());
    assert!(poll_looking(receives.as_mut(), look()).is_pending());
    let mut sends = Box::pin(channel.send(1));
    assert!(poll_once(&mut sends).is_pending());
    trace.assert_eq(["Channel { senders: 1, receivers: 1 }"]);
    assert!(poll_looking(sends.as_mut(), look()).is_pending());
    assert!(matches!(poll_once(&mut receives), Poll::Ready(Some(Ok(1)))));
    trace.assert_eq(["Channel { senders: 0, receivers: 0 }"]);
    assert!(poll_once(&mut sends).is_ready());
}

// EV-QUE-11: an order that panics loses no item and no count.
#[test]
fn an_item_whose_order_panics_is_in() {
    #[derive(Debug, PartialEq, Eq)]
    struct Unordered(u32);
    impl Ord for Unordered {
        fn cmp(&self, _other: &Self) -> Ordering {
            panic!("no order")
        }
    }
    impl PartialOrd for Unordered {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    let queue = PriorityQueue::new(0);
    queue.put_nowait(Unordered(1)).unwrap();
    let put = std::panic::AssertUnwindSafe(|| queue.put_nowait(Unordered(2)));
    assert!(std::panic::catch_unwind(put).is_err());
    assert_eq!((queue.len(), queue.unfinished()), (2, 2));
}
