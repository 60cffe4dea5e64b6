//! Where a role ends, and how.

/// What happens to a role at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is killed as soon as it has suspended.
    Killed,
    /// It is killed when it has been woken, and has not had its turn.
    KilledWoken,
    /// Its future is dropped as soon as it has suspended.
    Dropped,
    /// Its future is dropped in place of the poll that follows.
    DroppedWoken,
}

/// The suspensions of a role count from one; zero is before its first poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) role: usize,
    pub(crate) suspension: usize,
    pub(crate) ending: Ending,
}

impl Point {
    /// All points of a role with so many suspensions.
    pub(crate) fn of_role(role: usize, suspensions: usize) -> impl Iterator<Item = Self> {
        let begun = (1..=suspensions).flat_map(move |suspension| {
            let endings =
                [Ending::Killed, Ending::KilledWoken, Ending::Dropped, Ending::DroppedWoken];
            endings.map(|ending| Self { role, suspension, ending })
        });
        std::iter::once(Self { role, suspension: 0, ending: Ending::DroppedWoken }).chain(begun)
    }
}
