//! Where a role ends, and how.

/// What happens to a role at its [`Point`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is killed as soon as it has suspended.
    Killed,
    /// It is killed when it has been woken, and has not had its turn.
    KilledWoken,
    /// Its future is dropped as soon as it has suspended.
    Dropped,
    /// Its future is dropped in place of the poll that follows.
    DroppedWoken,
}

/// Where a role ends early, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The number of the role, in the order of their starts, from zero.
    pub role: usize,
    /// At which of its suspensions, from one; zero is before its first poll.
    pub suspension: usize,
    /// In which way.
    pub ending: Ending,
}

impl Point {
    /// All points of a role with so many suspensions.
    pub(super) fn of_role(role: usize, suspensions: usize) -> impl Iterator<Item = Self> {
        let begun = (1..=suspensions).flat_map(move |suspension| {
            let endings =
                [Ending::Killed, Ending::KilledWoken, Ending::Dropped, Ending::DroppedWoken];
            endings.map(|ending| Self { role, suspension, ending })
        });
        std::iter::once(Self { role, suspension: 0, ending: Ending::DroppedWoken }).chain(begun)
    }
}
