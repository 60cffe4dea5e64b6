//! The end of a loop.

use std::rc::Rc;

use super::{Core, Phase};
use crate::entry::Entry;
use crate::error::{ErrorContext, ErrorOrigin};
use crate::handler::Registered;
use crate::timers::Alarm;
use crate::virtual_time::VirtualTime;

impl Core {
    /// Ends everything: callbacks are dropped unrun, tasks drop their futures, on this thread.
    pub(crate) fn close(self: &Rc<Self>) {
        self.phase.set(Phase::Closing);
        self.shared().refuse_calls();
        self.drop_callbacks();
        if let Some(tasks) = self.tasks.get() {
            tasks.end_all();
            self.drop_entries();
            while !tasks.is_empty() {
                self.wait_for_entries();
                self.drop_entries();
            }
        }
        crate::loop_id::leave(self.id());
        self.shared().inbox.close();
        self.drop_entries();
        self.pool.shut_down().into_iter().for_each(|job| self.drop_guarded(job));
        self.drop_entries();
        self.drop_guarded(self.exception_handler.take());
        self.drop_entries();
        self.jobs.set(0);
        crate::current::uninstall(self);
        self.phase.set(Phase::Destroyed);
    }

    /// Who waits on another thread is woken, and finds the loop closed; tasks of this one are ended
    /// before they have another turn.
    fn drop_callbacks(&self) {
        self.watchers.clear().into_iter().for_each(|hook| hook.drop_guarded(self));
        let mut callbacks = self.signals().clear();
        let found = self.sources().clear();
        callbacks.extend(found.callbacks);
        let alarms = self.timers().clear();
        for alarm in alarms {
            match alarm {
                Alarm::Call(callback) => callbacks.push(callback),
                Alarm::Wake(waker) => self.wake_all([waker]),
            }
        }
        self.wake_all(found.wakers);
        self.wake_all(self.virtual_time().into_iter().flat_map(VirtualTime::clear));
        callbacks.into_iter().for_each(|callback| self.revoke_guarded(&callback));
    }

    /// Empties the queue and the inbox. Tasks have their turn: theirs is to end.
    fn drop_entries(&self) {
        self.take_inbox();
        while let Some(entry) = self.ready.pop() {
            match entry {
                Entry::Task(task) => self.run_task(task),
                Entry::First => {
                    self.guarded(|| ErrorContext::new(ErrorOrigin::Task), || self.run_first());
                },
                Entry::Call(callback) => self.revoke_guarded(&callback),
                Entry::RemoteCall(call) => {
                    self.guarded(|| call.context(), || call.cancel());
                },
                Entry::Work(work) => self.drop_guarded(work),
                Entry::Main(_) => {},
            }
            self.take_inbox();
        }
    }

    /// A thread has marked a task as woken and is about to push it: sleeps until it has.
    fn wait_for_entries(&self) {
        let inbox = &self.shared().inbox;
        inbox.fall_asleep();
        if !inbox.is_pending() {
            // The poller failed: then look again, the push is on its way.
            self.sources().selector().wait(None, &mut Vec::new()).ok();
        }
        inbox.wake_up();
    }

    /// Takes a callback back whose destructor may panic.
    pub(super) fn revoke_guarded(&self, callback: &Registered) {
        self.guarded(|| callback.context(), || callback.revoke());
    }

    fn drop_guarded<T>(&self, value: T) {
        self.guarded(|| ErrorContext::new(ErrorOrigin::Callback), || drop(value));
    }
}
