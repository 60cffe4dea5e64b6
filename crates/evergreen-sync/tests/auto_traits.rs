//! Which types may go to other threads (D-10).

use evergreen_sync::channel::{Channel, ChannelError};
use evergreen_sync::futures::{
    ExecutorError, Job, JobError, MapResults, Promise, PromiseError, TaskPoolExecutor,
    ThreadPoolExecutor,
};
use evergreen_sync::locks::{
    BoundedSemaphore, Lock, LockError, LockGuard, RLock, RLockGuard, Semaphore, SemaphoreGuard,
};
use evergreen_sync::oneshot::{Receiver, RecvError, Sender, TryRecvError};
use evergreen_sync::queue::{PriorityQueue, PutError, Queue, QueueError};
use evergreen_sync::{Event, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::error::Error;
use std::rc::Rc;

// Nobody else has it: it may move. Two threads never share it.
assert_impl_all!(Event: Send, Unpin);
assert_impl_all!(Semaphore: Send, Unpin);
assert_impl_all!(Mutex<u8>: Send, Unpin);
assert_impl_all!(Queue<u8>: Send, Unpin);
assert_not_impl_any!(Event: Sync);
assert_not_impl_any!(Semaphore: Sync);
assert_not_impl_any!(BoundedSemaphore: Sync);
assert_not_impl_any!(Lock: Sync);
assert_not_impl_any!(RLock: Sync);
assert_not_impl_any!(Mutex<u8>: Sync);
assert_not_impl_any!(Mutex<Rc<u8>>: Send);
assert_not_impl_any!(RwLock<u8>: Sync);
assert_not_impl_any!(Queue<u8>: Sync);
assert_not_impl_any!(PriorityQueue<u8>: Sync);

// Handles of one thread.
assert_not_impl_any!(Channel<u8>: Send, Sync);
assert_not_impl_any!(Sender<u8>: Send, Sync);
assert_not_impl_any!(Receiver<u8>: Send, Sync);
assert_not_impl_any!(Job<u8>: Send, Sync);
assert_not_impl_any!(Promise<u8>: Send, Sync);
assert_not_impl_any!(MapResults<u8>: Send, Sync);
assert_not_impl_any!(TaskPoolExecutor: Send, Sync);
assert_not_impl_any!(ThreadPoolExecutor: Send, Sync);
assert_not_impl_any!(SemaphoreGuard<'_>: Send);
assert_not_impl_any!(LockGuard<'_>: Send);
assert_not_impl_any!(RLockGuard<'_>: Send);
assert_not_impl_any!(MutexGuard<'_, u8>: Send);
assert_not_impl_any!(RwLockReadGuard<'_, u8>: Send);
assert_not_impl_any!(RwLockWriteGuard<'_, u8>: Send);

// Nothing in them is pinned.
assert_impl_all!(Receiver<std::marker::PhantomPinned>: Unpin);
assert_impl_all!(Channel<std::marker::PhantomPinned>: Unpin);

// Plain values.
assert_impl_all!(LockError: Send, Sync, Copy, Error);
assert_impl_all!(ChannelError: Send, Sync, Copy, Error);
assert_impl_all!(QueueError: Send, Sync, Copy, Error);
assert_impl_all!(PutError<u8>: Send, Sync, Copy, Error);
assert_impl_all!(RecvError: Send, Sync, Copy, Error);
assert_impl_all!(TryRecvError: Send, Sync, Copy, Error);
assert_impl_all!(ExecutorError: Send, Sync, Copy, Error);
assert_impl_all!(PromiseError: Send, Sync, Copy, Error);
assert_impl_all!(JobError: Send, Sync, Error);
