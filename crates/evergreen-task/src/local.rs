//! Values that each task has for itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::rc::{Rc, Weak};
use std::thread::LocalKey;

use crate::header::TaskId;
use crate::registry;
use crate::task_ref::{current_id, with_running};

/// A value for each task, and one for the code outside of tasks.
///
/// A task sees only what it set itself; a task that it spawns inherits nothing. The value goes when
/// the task ends, before whoever joins it is woken, or with the `Local`.
///
/// ```
/// # use evergreen_task::{Local, spawn};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let user = Local::new();
/// user.set("outside");
/// let inner = user.clone();
/// let seen = spawn(async move {
///     assert_eq!(inner.get(), None);
///     inner.set("inside");
///     inner.get()
/// });
/// assert_eq!(seen.await.unwrap(), Some("inside"));
/// assert_eq!(user.get(), Some("outside"));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
pub struct Local<T: 'static>(Rc<Values<T>>);

/// By task; `None` is the code outside of tasks. An entry without a value is one that was taken:
/// the end of its task removes the entry.
struct Values<T>(RefCell<HashMap<Option<TaskId>, Option<Rc<T>>>>);

/// What the end of a task asks of the locals that it has set.
pub(crate) trait Forget {
    fn forget(&self, task: TaskId);
}

impl<T> Forget for Values<T> {
    fn forget(&self, task: TaskId) {
        let value = self.0.borrow_mut().remove(&Some(task));
        drop(value);
    }
}

/// The task has not set this local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unset;

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this task has not set the local value")
    }
}

impl std::error::Error for Unset {}

impl<T> Local<T> {
    /// A local that nobody has set.
    pub fn new() -> Self {
        Self(Rc::new(Values(RefCell::default())))
    }

    /// Sets the running task's value. The former one is dropped. A task that is ending has no
    /// values any more, so this one is dropped, too.
    pub fn set(&self, value: T) {
        let mut value = Some(Rc::new(value));
        match self.values().borrow_mut().entry(current_id()) {
            Entry::Occupied(mut entry) => value = entry.insert(value),
            Entry::Vacant(entry) => {
                if self.note() {
                    entry.insert(value.take());
                }
            },
        }
        drop(value);
    }

    /// Has the end of the running task forget its value. False if the task is ending already.
    fn note(&self) -> bool {
        let values: Weak<Values<T>> = Rc::downgrade(&self.0);
        with_running(|task| registry::note_local(task, values)).unwrap_or(true)
    }

    /// Calls `f` with the running task's value.
    ///
    /// # Errors
    ///
    /// [`Unset`].
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> Result<R, Unset> {
        let value = self.values().borrow().get(&current_id()).cloned().flatten();
        value.map(|value| f(&value)).ok_or(Unset)
    }

    /// The running task's value, if it has set one.
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.with(T::clone).ok()
    }

    /// Takes the running task's value away.
    ///
    /// # Panics
    ///
    /// Inside [`Local::with`] for the same task.
    pub fn take(&self) -> Option<T> {
        let mut values = self.values().borrow_mut();
        let slot = values.get_mut(&current_id())?;
        let lent = slot.as_ref().is_some_and(|value| Rc::strong_count(value) > 1);
        assert!(!lent, "the local value cannot be taken while `with` lends it");
        slot.take().and_then(Rc::into_inner)
    }

    /// Whether the running task has set a value.
    pub fn is_set(&self) -> bool {
        self.values().borrow().get(&current_id()).is_some_and(Option::is_some)
    }

    fn values(&self) -> &RefCell<HashMap<Option<TaskId>, Option<Rc<T>>>> {
        &self.0.0
    }
}

impl<T> Clone for Local<T> {
    /// The same local, not another one.
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Default for Local<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Local<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}

/// A [`Local`] in a `static`. Made by [`task_local!`](crate::task_local).
pub struct TaskLocal<T: 'static>(&'static LocalKey<Local<T>>);

impl<T> TaskLocal<T> {
    #[doc(hidden)]
    pub const fn new(key: &'static LocalKey<Local<T>>) -> Self {
        Self(key)
    }

    fn local(&self) -> Local<T> {
        self.0.with(Local::clone)
    }

    /// As [`Local::set`].
    pub fn set(&self, value: T) {
        self.local().set(value);
    }

    /// As [`Local::with`].
    ///
    /// # Errors
    ///
    /// [`Unset`].
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> Result<R, Unset> {
        self.local().with(f)
    }

    /// As [`Local::get`].
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.local().get()
    }

    /// As [`Local::take`].
    ///
    /// # Panics
    ///
    /// Inside [`TaskLocal::with`] for the same task.
    pub fn take(&self) -> Option<T> {
        self.local().take()
    }

    /// As [`Local::is_set`].
    pub fn is_set(&self) -> bool {
        self.local().is_set()
    }
}

impl<T> fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocal").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}

/// Declares statics of which each task has its own value, of type [`TaskLocal`].
///
/// ```
/// evergreen_task::task_local! {
///     /// Who asked.
///     static USER: String;
///     pub static DEPTH: u32;
/// }
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// USER.set("ada".to_owned());
/// assert_eq!(USER.with(|user| user.len()), Ok(3));
/// assert!(!DEPTH.is_set());
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty);+ $(;)?) => {
        $(
            $(#[$attribute])*
            $visibility static $name: $crate::TaskLocal<$type> = {
                $crate::__private::thread_local! {
                    static LOCAL: $crate::Local<$type> = $crate::Local::new();
                }
                $crate::TaskLocal::new(&LOCAL)
            };
        )+
    };
}
