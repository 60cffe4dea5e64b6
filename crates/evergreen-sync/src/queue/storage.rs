//! Where the items of a queue are, and which is next.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Keeps the items of a [`QueueOf`](super::QueueOf), and chooses which is next.
///
/// An item that comes while somebody waits for one goes to that one, and never through here. Neither
/// a storage nor the order of its items may use the queue that it is in: that panics.
///
/// ```
/// use evergreen_sync::queue::{QueueOf, Storage};
///
/// /// The longest word first.
/// #[derive(Default)]
/// struct Longest(Vec<String>);
///
/// impl Storage<String> for Longest {
///     fn push(&mut self, _number: u64, word: String) {
///         let place = self.0.partition_point(|other| other.len() < word.len());
///         self.0.insert(place, word);
///     }
///     fn pop(&mut self) -> Option<String> {
///         self.0.pop()
///     }
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let words = QueueOf::<String, Longest>::new(0);
/// for word in ["a", "long", "list"] {
///     words.put_nowait(word.to_owned())?;
/// }
/// assert_eq!(words.get_nowait()?, "long");
/// # Ok::<(), evergreen_sync::queue::QueueError>(())
/// ```
///
/// The counterpart of `_init`, `_put`, `_get` and `_qsize` of Python's queues.
#[allow(clippy::len_without_is_empty, reason = "whoever writes a storage needs only these three")]
pub trait Storage<T> {
    /// Adds an item. Each has a higher number than all that were put before it. Only one that comes
    /// back, because its getter is gone, has a lower number than others: its own.
    fn push(&mut self, number: u64, item: T);

    /// Takes the next item.
    fn pop(&mut self) -> Option<T>;

    /// How many items there are.
    fn len(&self) -> usize;
}

/// First in, first out: of a [`Queue`](super::Queue).
#[derive(Debug)]
pub struct Fifo<T>(VecDeque<(u64, T)>);

impl<T> Storage<T> for Fifo<T> {
    fn push(&mut self, number: u64, item: T) {
        match self.0.back() {
            Some(&(last, _)) if last > number => {
                let place = self.0.partition_point(|&(other, _)| other < number);
                self.0.insert(place, (number, item));
            },
            _ => self.0.push_back((number, item)),
        }
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop_front().map(|(_, item)| item)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

/// Last in, first out: of a [`LifoQueue`](super::LifoQueue).
#[derive(Debug)]
pub struct Lifo<T>(Vec<(u64, T)>);

impl<T> Storage<T> for Lifo<T> {
    fn push(&mut self, number: u64, item: T) {
        match self.0.last() {
            Some(&(last, _)) if last > number => {
                let place = self.0.partition_point(|&(other, _)| other < number);
                self.0.insert(place, (number, item));
            },
            _ => self.0.push((number, item)),
        }
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop().map(|(_, item)| item)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Smallest first, and of equals the oldest: of a [`PriorityQueue`](super::PriorityQueue).
#[derive(Debug)]
pub struct Priority<T>(BinaryHeap<Reverse<(T, u64)>>);

impl<T: Ord> Storage<T> for Priority<T> {
    fn push(&mut self, number: u64, item: T) {
        self.0.push(Reverse((item, number)));
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop().map(|Reverse((item, _))| item)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T: Ord> Default for Priority<T> {
    fn default() -> Self {
        Self(BinaryHeap::new())
    }
}
