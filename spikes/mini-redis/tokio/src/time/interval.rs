//! Ticks, as tokio-stream takes them. Nothing here makes any.

use std::task::{Context, Poll};

use super::instant::Instant;

/// Ticks at regular times.
#[derive(Debug)]
pub struct Interval(evergreen::Interval);

impl Interval {
    /// Waits for the next tick, and gives the moment it was due.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        self.0.poll_tick(cx).map(Instant)
    }

    /// Has the next tick come a period from now.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}
