//! The clock of a loop with virtual time, in the hands of a test.

use std::time::Duration;

use evergreen_loop::seam::{Freeze, TimeControl};
use evergreen_loop::{EventLoop, LoopTime};

/// The time of a loop that was made with [`Builder::virtual_time`], or by
/// `#[evergreen::test(virtual_time)]`.
///
/// It begins at zero and stands still while anything runs. When all is *quiet*, that is when the
/// queue is empty, nothing has come from other threads, no signal was delivered and the poller has
/// found nothing, it jumps to the next timer. Blocking jobs, a `KeepAlive` and
/// [`freeze`](Self::freeze) keep it from jumping; none of them keeps [`advance`](Self::advance) from
/// moving it.
///
/// Code that waits by asking again and again, with a callback or a task that queues itself or an idle
/// watcher, is never quiet: time does not move while it runs.
///
/// Clones are handles of the same clock. They stay on the loop's thread.
///
/// As tokio's `pause` and `advance` and trio's `MockClock`, except that time stops at every deadline
/// on its way.
///
/// [`Builder::virtual_time`]: evergreen_loop::Builder::virtual_time
#[derive(Clone, Debug)]
pub struct VirtualClock(TimeControl);

impl VirtualClock {
    /// The clock of this thread's loop.
    ///
    /// # Panics
    ///
    /// If there is no loop, or its time is the system's.
    #[track_caller]
    pub fn current() -> Self {
        match EventLoop::try_current() {
            Some(event_loop) => Self::of(&event_loop),
            None => panic!("no event loop on this thread, and so no virtual time"),
        }
    }

    /// The clock of `event_loop`.
    ///
    /// # Panics
    ///
    /// If its time is the system's.
    #[track_caller]
    pub fn of(event_loop: &EventLoop) -> Self {
        match TimeControl::of(event_loop) {
            Some(control) => Self(control),
            None => panic!(
                "this event loop has no virtual time: make it with \
                 EventLoop::builder().virtual_time(), or the test with \
                 #[evergreen::test(virtual_time)]"
            ),
        }
    }

    /// The present moment.
    pub fn now(&self) -> LoopTime {
        self.0.now()
    }

    /// How much virtual time has passed since the loop was made.
    pub fn elapsed(&self) -> Duration {
        self.now() - LoopTime::from_nanos(0)
    }

    /// Moves time forward by `length`, and returns when everything that became due has run until it
    /// waits again.
    ///
    /// Time stops at each deadline on the way, in order: what is due then runs, and sees that
    /// deadline as the present; timers that it sets count as well. Of several who advance the time
    /// at once each returns when its own moment has come, the first moment first; they do not add
    /// up. It works while time is frozen. A length of zero is [`until_parked`](Self::until_parked).
    ///
    /// # Panics
    ///
    /// If the loop is destroyed.
    ///
    /// # Kill safety
    ///
    /// Time stays where it was when this was dropped, and moves by itself again.
    pub async fn advance(&self, length: Duration) {
        self.0.quiet_at(self.now() + length).await;
    }

    /// Waits until there is nothing to do at the present moment: every other task is parked, the
    /// queue is empty, and nothing has come from outside. Time does not move meanwhile.
    ///
    /// Several who wait are told one after the other: what the first does then is over before the
    /// second goes on. Work of blocking jobs and of other threads is not waited for.
    ///
    /// # Panics
    ///
    /// If the loop is destroyed.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use evergreen_task::spawn;
    /// use evergreen_testing::{TestLoop, VirtualClock};
    ///
    /// TestLoop::with_virtual_time().block_on(async {
    ///     let task = spawn(async { 6 * 7 });
    ///     VirtualClock::current().until_parked().await;
    ///     assert!(task.is_finished());
    /// });
    /// ```
    pub async fn until_parked(&self) {
        self.0.quiet_at(self.now()).await;
    }

    /// Keeps time from jumping by itself until the guard is dropped.
    pub fn freeze(&self) -> Freeze {
        self.0.freeze()
    }
}
