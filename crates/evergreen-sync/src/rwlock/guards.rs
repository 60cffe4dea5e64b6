//! What one has while it is one's turn.

use std::cell::{Ref, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};

use super::RwLock;
use super::turns::Turn;

/// The value of an [`RwLock`], to read. The turn is over when this is dropped.
#[must_use = "the turn is over when it is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    // In this order: the next may have the value as soon as it is its turn.
    value: Ref<'a, T>,
    _turn: Turn<'a>,
}

/// The value of an [`RwLock`], to write. The turn is over when this is dropped.
#[must_use = "the turn is over when it is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    value: RefMut<'a, T>,
    lock: &'a RwLock<T>,
    turn: Turn<'a>,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    pub(super) fn new(lock: &'a RwLock<T>, turn: Turn<'a>) -> Self {
        Self { value: lock.value.borrow(), _turn: turn }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    pub(super) fn new(lock: &'a RwLock<T>, turn: Turn<'a>) -> Self {
        Self { value: lock.value.borrow_mut(), lock, turn }
    }

    /// Goes on as a reader, and lets in the readers that are next. No writer comes in between.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let Self { value, lock, turn } = self;
        drop(value);
        turn.downgrade();
        RwLockReadGuard::new(lock, turn)
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
