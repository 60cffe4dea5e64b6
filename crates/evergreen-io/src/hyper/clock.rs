//! hyper's timer over the loop's time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ::hyper::rt::{self, Timer};
use evergreen_loop::{LoopTime, build};
use evergreen_task::{Sleep, sleep, sleep_until};

/// The time of the loop of this thread, also where it is virtual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Timer for Clock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Waiting(sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Waiting(sleep_until(deadline.into())))
    }

    fn now(&self) -> Instant {
        build::Timer::now().into()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Waiting>() {
            Some(mut waiting) => waiting.0 = sleep_until(LoopTime::from(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// A sleep that hyper may hold.
#[derive(Debug)]
struct Waiting(Sleep);

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl rt::Sleep for Waiting {}
