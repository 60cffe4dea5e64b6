//! One turn of the loop (D-3): the steps in their order, each a function called from here.

use std::rc::Rc;
use std::time::Duration;

use crate::clock::LoopTime;
use crate::core::Core;
use crate::entry::Entry;
use crate::error::{ErrorContext, ErrorOrigin, LoopError};
use crate::metrics::{add, add_time};
use crate::timers::Alarm;
use crate::virtual_time;
use crate::watchers::Place;

/// The loop wakes at least this often: no system takes longer waits without trouble.
const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Polls the future of a `block_on`, if the number is that of its wait. True when it is done.
pub(crate) type Main<'a> = dyn FnMut(u64) -> bool + 'a;

/// Runs one turn. It waits no longer than `limit` for something to do. A turn that is hosted by a
/// foreign loop asks the poller in any case, which makes its descriptor quiet again.
pub(crate) fn turn(
    core: &Rc<Core>,
    limit: Option<Duration>,
    hosted: bool,
    main: &mut Main<'_>,
) -> Result<(), LoopError> {
    core.check_process()?;
    core.count_turn();
    core.shared().inbox.wake_up();
    core.watchers.call(core, Place::Prepare);
    core.take_inbox();
    let woke = match core.virtual_time() {
        None => poll(core, wait_time(core, limit), hosted)?,
        Some(time) => virtual_time::poll(core, time, limit, hosted)?,
    };
    core.set_turn_time(woke.unwrap_or_else(|| core.now()));
    push_sources(core);
    push_signals(core);
    push_timers(core);
    core.watchers.call(core, Place::Check);
    let ran = run_entries(core, main);
    if ran == 0 {
        core.watchers.call(core, Place::Idle);
    }
    Ok(())
}

/// How long the poller may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    No,
    For(Duration),
    ForEver,
}

/// Whether there is something to do that no poller tells of.
pub(crate) fn has_work(core: &Core) -> bool {
    must_not_sleep(core) || core.shared().inbox.is_pending() || core.shared().deliveries.any()
}

fn must_not_sleep(core: &Core) -> bool {
    !core.ready.is_empty() || core.is_stopping() || core.is_hooked(Place::Idle)
}

fn wait_time(core: &Core, limit: Option<Duration>) -> Wait {
    if must_not_sleep(core) {
        return Wait::No;
    }
    let deadline = core.timers().next_deadline();
    let timer = deadline.map(|deadline| (deadline - core.now()).min(ONE_DAY));
    match timer.into_iter().chain(limit).min() {
        Some(Duration::ZERO) => Wait::No,
        Some(length) => Wait::For(length),
        None => Wait::ForEver,
    }
}

/// Asks the poller what is ready. While it may sleep, other threads wake it; then it tells when it
/// woke.
pub(crate) fn poll(core: &Core, wait: Wait, hosted: bool) -> Result<Option<LoopTime>, LoopError> {
    let may_sleep = wait != Wait::No && fall_asleep(core);
    if !may_sleep && !hosted && core.sources().len() == 0 {
        return Ok(None);
    }
    add(&core.counters.polls, 1);
    if !may_sleep {
        core.sources().wait(Some(Duration::ZERO))?;
        return Ok(None);
    }
    let timeout = match wait {
        Wait::For(length) => Some(length),
        Wait::No | Wait::ForEver => None,
    };
    let before = core.now();
    let waited = core.sources().wait(timeout);
    core.shared().inbox.wake_up();
    let woke = core.now();
    add_time(&core.counters.idle, woke - before);
    waited?;
    Ok(Some(woke))
}

/// False if something has come that no poller tells of.
fn fall_asleep(core: &Core) -> bool {
    let shared = core.shared();
    shared.inbox.fall_asleep();
    let nothing = !shared.inbox.is_pending() && !shared.deliveries.any();
    if !nothing {
        shared.inbox.wake_up();
    }
    nothing
}

fn push_sources(core: &Core) {
    let Some(mut found) = core.sources().take_found() else { return };
    core.wake_all(found.wakers.drain(..));
    found.callbacks.drain(..).for_each(|callback| core.push_watcher(callback));
    core.sources().give_back(found);
}

fn push_signals(core: &Core) {
    if !core.shared().deliveries.any() {
        return;
    }
    let called = core.signals().delivered(&core.shared().deliveries);
    called.into_iter().for_each(|handler| core.push(Entry::Call(handler)));
}

/// Queues what is due, by deadline, then by creation. One reading of the clock serves all.
fn push_timers(core: &Core) {
    if core.timers().len() == 0 {
        return;
    }
    let mut due = core.take_due(core.turn_time());
    // Lazy, so that callbacks and wakes keep their order.
    core.wake_all(due.drain(..).filter_map(|timer| match timer.alarm {
        Alarm::Call(callback) => {
            core.push(Entry::Call(callback));
            None
        },
        Alarm::Wake(waker) => Some(waker),
    }));
    core.give_back(due);
}

/// Runs entries until there are none, the bound of D-2 is reached, a stopped pass is over, the main
/// future is done, or one has forked and this is the child. Tells how many.
fn run_entries(core: &Rc<Core>, main: &mut Main<'_>) -> u64 {
    let mut ran = 0;
    loop {
        let mut next = Next::AfterPanic;
        let context = || ErrorContext::new(ErrorOrigin::Task);
        core.guarded(context, || next = run_until_main(core, &mut ran));
        match next {
            Next::AfterPanic => {},
            Next::Main(wait) if !main(wait) => {},
            Next::Main(_) | Next::Nothing => break,
        }
    }
    add(&core.counters.entries, ran);
    ran
}

/// What is to be done after some entries have run.
enum Next {
    /// A task dropped something that panicked. There may be more entries.
    AfterPanic,
    /// The main future is to be polled. Its panics are its caller's.
    Main(u64),
    Nothing,
}

/// Tasks catch their own panics, so that one guard can stand around many: with one around each, the
/// processor could not look ahead to the next.
fn run_until_main(core: &Rc<Core>, ran: &mut u64) -> Next {
    while *ran < core.bound as u64 && !core.is_stopped() && !core.is_forked() {
        let Some(entry) = next_entry(core) else { break };
        *ran += 1;
        core.budget.refill();
        match entry {
            Entry::Task(task) => task.run(),
            Entry::First => core.run_first(),
            Entry::Call(callback) => callback.run(core),
            Entry::RemoteCall(call) => call.run(core),
            Entry::Work(work) => {
                core.run_guarded(|| ErrorContext::new(ErrorOrigin::Callback), || work(core));
            },
            Entry::Main(wait) => return Next::Main(wait),
        }
    }
    Next::Nothing
}

#[inline(always)]
fn next_entry(core: &Core) -> Option<Entry> {
    core.take_inbox();
    core.ready.pop()
}
