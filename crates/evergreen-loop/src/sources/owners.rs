//! Whose a descriptor's number is.

use std::os::fd::RawFd;

use super::SourceKey;

/// Which source a descriptor's number stands for.
#[derive(Default)]
pub(super) struct Owners(Vec<Option<SourceKey>>);

impl Owners {
    pub(super) fn get(&self, fd: RawFd) -> Option<SourceKey> {
        *self.0.get(usize::try_from(fd).ok()?)?
    }

    pub(super) fn set(&mut self, fd: RawFd, key: SourceKey) {
        let Ok(index) = usize::try_from(fd) else { return };
        if index >= self.0.len() {
            self.0.resize(index + 1, None);
        }
        self.0[index] = Some(key);
    }

    /// Forgets a number, if it still stands for `key`.
    pub(super) fn clear(&mut self, fd: RawFd, key: SourceKey) -> bool {
        let ours = self.get(fd) == Some(key);
        if let (true, Ok(index)) = (ours, usize::try_from(fd)) {
            self.0[index] = None;
        }
        ours
    }
}
