//! A future whose suspensions are counted, and that ends at its point.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::point::Ending;
use super::stage::{Stage, woken};

pub(super) struct Role {
    number: usize,
    stage: Stage,
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Option<Arc<Woken>>,
}

impl Role {
    pub(super) fn new(
        number: usize,
        stage: Stage,
        future: impl Future<Output = ()> + 'static,
    ) -> Self {
        Self { number, stage, future: Some(Box::pin(future)), waker: None }
    }

    /// A role keeps one waker as long as its task does.
    fn waker(&mut self, cx: &Context<'_>) -> Waker {
        let known = self.waker.take().filter(|known| known.task.will_wake(cx.waker()));
        let make = || Arc::new(Woken { role: self.number, task: cx.waker().clone() });
        let waker = self.waker.insert(known.unwrap_or_else(make));
        self.stage.set_waker(self.number, waker);
        Arc::clone(waker).into()
    }

    fn fall(&mut self) -> Poll<()> {
        self.future = None;
        Poll::Ready(())
    }
}

impl Future for Role {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (stage, number) = (self.stage.clone(), self.number);
        if stage.strikes(number, 0, Ending::DroppedWoken) {
            return self.fall();
        }
        // Its entry of the queue comes before all that this poll brings about.
        if stage.strikes(number, 1, Ending::Killed) {
            stage.kill(number);
        }
        let waker = self.waker(cx);
        stage.set_polled(number, true);
        let future = self.future.as_mut().expect("not polled after it was ready");
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        stage.set_polled(number, false);
        if polled.is_ready() {
            stage.ended(number);
            return self.fall();
        }
        stage.suspended(number);
        if stage.strikes(number, 0, Ending::Dropped) { self.fall() } else { Poll::Pending }
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        if self.future.take().is_some() {
            self.stage.fell(self.number);
        }
    }
}

/// Tells the stage before it wakes the task: a kill must come before the turn.
pub(super) struct Woken {
    role: usize,
    task: Waker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        woken(self.role);
        self.task.wake_by_ref();
    }
}
