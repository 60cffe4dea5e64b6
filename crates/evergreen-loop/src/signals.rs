//! Signal handlers that run as entries of the queue.

mod disposition;
mod ending;

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;

use self::disposition::Subscription;
pub use self::ending::before_end;
use crate::error::LoopError;
use crate::handler::Registered;
use crate::remote::Shared;
use crate::sync::{Arc, AtomicBool, Ordering};

/// One more than the highest signal.
const SIGNALS: usize = if cfg!(target_os = "linux") { 65 } else { 33 };

/// What the process's signal handler leaves for one loop: how often each signal came.
pub(crate) struct Deliveries {
    counts: [AtomicU32; SIGNALS],
    any: AtomicBool,
}

impl Deliveries {
    pub(crate) fn new() -> Self {
        Self { counts: [const { AtomicU32::new(0) }; SIGNALS], any: AtomicBool::new(false) }
    }

    /// Called by the signal handler: nothing but atomics.
    fn note(&self, signum: usize) {
        self.counts[signum].fetch_add(1, Ordering::SeqCst);
        self.any.store(true, Ordering::SeqCst);
    }

    fn forget(&self, signum: usize) {
        self.counts[signum].store(0, Ordering::SeqCst);
    }

    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::SeqCst)
    }

    /// Takes what has come, by number of signal.
    fn take(&self) -> impl Iterator<Item = (i32, u32)> + '_ {
        self.any.store(false, Ordering::SeqCst);
        (0..).zip(&self.counts).map(|(signum, count)| (signum, count.swap(0, Ordering::SeqCst)))
    }
}

/// The handlers of one loop.
#[derive(Default)]
pub(crate) struct Signals(BTreeMap<i32, Handled>);

struct Handled {
    handlers: Vec<Rc<Registered>>,
    /// Ends the delivery to this loop when it is dropped.
    _subscription: Subscription,
}

impl Signals {
    /// Adds a handler behind those that the signal has.
    pub(crate) fn add(
        &mut self,
        signum: i32,
        shared: &Arc<Shared>,
        handler: &Rc<Registered>,
    ) -> Result<(), LoopError> {
        let index = checked(signum)?;
        if let Some(handled) = self.0.get_mut(&signum) {
            handled.handlers.push(Rc::clone(handler));
            return Ok(());
        }
        // What came for handlers that are gone is not for this one.
        shared.deliveries.forget(index);
        let subscription = subscribe(signum, index, shared)?;
        let handlers = vec![Rc::clone(handler)];
        self.0.insert(signum, Handled { handlers, _subscription: subscription });
        Ok(())
    }

    /// Takes one handler away, and the signal's disposition back if it was the last.
    pub(crate) fn remove_one(&mut self, signum: i32, handler: &Rc<Registered>) {
        let Some(handled) = self.0.get_mut(&signum) else { return };
        handled.handlers.retain(|other| !Rc::ptr_eq(other, handler));
        if handled.handlers.is_empty() {
            self.0.remove(&signum);
        }
    }

    /// Takes all handlers of a signal away.
    pub(crate) fn remove(&mut self, signum: i32) -> Result<Vec<Rc<Registered>>, LoopError> {
        checked(signum)?;
        Ok(self.0.remove(&signum).map(|handled| handled.handlers).unwrap_or_default())
    }

    /// Takes everything away, for the end of the loop.
    pub(crate) fn clear(&mut self) -> Vec<Rc<Registered>> {
        std::mem::take(&mut self.0).into_values().flat_map(|handled| handled.handlers).collect()
    }

    /// The handlers to queue for what has come: each once for each delivery.
    pub(crate) fn delivered(&self, deliveries: &Deliveries) -> Vec<Rc<Registered>> {
        let mut called = Vec::new();
        for (signum, count) in deliveries.take().filter(|(_, count)| *count > 0) {
            let handled = self.0.get(&signum);
            let handlers = handled.map(|handled| &*handled.handlers).unwrap_or_default();
            (0..count).for_each(|_| called.extend_from_slice(handlers));
        }
        called
    }
}

fn subscribe(signum: i32, index: usize, shared: &Arc<Shared>) -> Result<Subscription, LoopError> {
    let shared = Arc::clone(shared);
    let deliver = move || {
        shared.deliveries.note(index);
        shared.wake();
    };
    Subscription::new(signum, deliver).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => LoopError::UncatchableSignal(signum),
        _ => LoopError::Os(error),
    })
}

/// The signal as an index, if there is one of this number and it can be handled.
fn checked(signum: i32) -> Result<usize, LoopError> {
    let index = usize::try_from(signum).map_err(|_| LoopError::InvalidSignal(signum))?;
    if index == 0 || index >= SIGNALS {
        return Err(LoopError::InvalidSignal(signum));
    }
    if signal_hook_registry::FORBIDDEN.contains(&signum) {
        return Err(LoopError::UncatchableSignal(signum));
    }
    Ok(index)
}
