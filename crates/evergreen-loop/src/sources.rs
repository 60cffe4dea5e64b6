//! The table of watched descriptors: edge sources with cached readiness, and level watchers.
//!
//! A descriptor is one or the other, never both: the kernel's own table refuses a second
//! registration. Who has a number now is noted here, because a descriptor can be closed behind the
//! loop's back, or on another thread, and its number given out again at once.

mod owners;
mod waiting;

use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use self::owners::Owners;
use self::waiting::Waiting;
pub(crate) use self::waiting::{Parked, Ticket};
use crate::arena::{Arena, Key};
use crate::error::LoopError;
use crate::handler::Registered;
use crate::registration::{Direction, Interest};
use crate::selector::{Event, Mode, OwnedSelector, ReadySet};

/// Tells one source from all others, also from later ones with the same descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceKey(Key);

impl SourceKey {
    /// As a number that a poller can carry.
    pub fn to_bits(self) -> u64 {
        self.0.to_bits()
    }

    /// The key that became this number.
    pub fn from_bits(bits: u64) -> Self {
        Self(Key::from_bits(bits))
    }
}

pub(crate) struct Sources {
    selector: OwnedSelector,
    table: Arena<Source>,
    owners: Owners,
    /// Directions that somebody waits for: what keeps the loop alive.
    awaited: usize,
    events: Vec<Event>,
    found: Found,
    stale: Vec<Rc<Registered>>,
}

enum Source {
    Edge(EdgeSource),
    Level(LevelWatch),
}

struct EdgeSource {
    fd: RawFd,
    interest: Interest,
    ready: ReadySet,
    /// How many events there were: whether there was one since somebody looked.
    events: u32,
    waiting: [Waiting; 2],
}

struct LevelWatch {
    fd: RawFd,
    callbacks: [Option<Rc<Registered>>; 2],
}

/// What an event leads to.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) wakers: Vec<Waker>,
    pub(crate) callbacks: Vec<Rc<Registered>>,
}

impl Sources {
    pub(crate) fn new(selector: OwnedSelector) -> Self {
        Self {
            selector,
            table: Arena::new(),
            owners: Owners::default(),
            awaited: 0,
            events: Vec::new(),
            found: Found::default(),
            stale: Vec::new(),
        }
    }

    pub(crate) fn selector(&mut self) -> &mut OwnedSelector {
        &mut self.selector
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited > 0
    }

    /// Registers a descriptor for good, in edge mode. It counts as writable until a write says
    /// otherwise, and as readable when the poller says so.
    pub(crate) fn add_edge(
        &mut self,
        fd: RawFd,
        interest: Interest,
    ) -> Result<SourceKey, LoopError> {
        let ready = ReadySet::WRITABLE.when(interest.is_writable());
        let waiting = Default::default();
        let source = Source::Edge(EdgeSource { fd, interest, ready, events: 0, waiting });
        let key = SourceKey(self.table.insert(source));
        if let Err(error) = self.add_or_replace(fd, key, interest) {
            self.table.remove(key.0);
            return Err(LoopError::watching(fd, error));
        }
        self.forget_stale_watch(fd);
        self.owners.set(fd, key);
        Ok(key)
    }

    /// The poller still knows a descriptor that was closed while a duplicate lives, and meets it
    /// again when the duplicate gets the same number.
    fn add_or_replace(&mut self, fd: RawFd, key: SourceKey, interest: Interest) -> io::Result<()> {
        match self.selector.add(fd, key, interest, Mode::Edge) {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && self.owners.get(fd).is_none() =>
            {
                self.selector.modify(fd, key, interest, Mode::Edge)
            },
            added => added,
        }
    }

    /// The poller has taken a descriptor as new, or does not know it: if it was watched, it was
    /// closed behind the loop's back and the number given out again.
    fn forget_stale_watch(&mut self, fd: RawFd) {
        let Some(key) = self.watch_of(fd) else { return };
        self.owners.clear(fd, key);
        if let Some(Source::Level(watch)) = self.table.remove(key.0) {
            let callbacks = watch.callbacks.into_iter().flatten();
            let before = self.stale.len();
            self.stale.extend(callbacks);
            self.awaited -= self.stale.len() - before;
        }
    }

    /// Callbacks that lost their descriptor, to be revoked.
    pub(crate) fn take_stale(&mut self) -> Vec<Rc<Registered>> {
        std::mem::take(&mut self.stale)
    }

    /// Forgets an edge source. `closing` says that its descriptor is closed next, or was already.
    /// Gives back whoever waited for it.
    pub(crate) fn remove_edge(&mut self, key: SourceKey, closing: bool) -> Vec<Waker> {
        let Some(Source::Edge(source)) = self.table.remove(key.0) else { return Vec::new() };
        let ours = self.owners.clear(source.fd, key);
        if ours && (!closing || self.selector.traits().delete_before_close) {
            // An error says that it was closed already.
            self.selector.delete(source.fd).ok();
        }
        let mut wakers = Vec::new();
        for mut waiting in source.waiting {
            self.awaited -= usize::from(waiting.is_awaited());
            waiting.take_into(&mut wakers);
        }
        wakers
    }

    fn edge(&mut self, key: SourceKey) -> Option<&mut EdgeSource> {
        match self.table.get_mut(key.0)? {
            Source::Edge(source) => Some(source),
            Source::Level(_) => None,
        }
    }

    /// Notes that a call would have blocked.
    pub(crate) fn clear_ready(&mut self, key: SourceKey, direction: Direction) {
        if let Some(source) = self.edge(key) {
            source.ready = source.ready.without(direction.ready());
        }
    }

    /// How many events the source has had.
    pub(crate) fn events(&mut self, key: SourceKey) -> u32 {
        self.edge(key).map_or(0, |source| source.events)
    }

    /// Notes that a short read or write on a stream has taken all there was: then the poller will
    /// tell of more, unless the stream has ended, or the poller does not tell of ends.
    pub(crate) fn clear_after_short(&mut self, key: SourceKey, direction: Direction) {
        if !self.selector.traits().reports_end {
            return;
        }
        if let Some(source) = self.edge(key) {
            if !source.ready.intersects(ReadySet::CLOSED) {
                source.ready = source.ready.without(direction.ready());
            }
        }
    }

    /// Leaves the waker that is to be woken when `direction` is ready: at the place that `ticket`
    /// names, or in place of the last that polled.
    pub(crate) fn park(
        &mut self,
        key: SourceKey,
        direction: Direction,
        ticket: Option<Ticket>,
        waker: &Waker,
    ) -> Parked {
        let Some(source) = self.edge(key) else { return Parked::nowhere() };
        let put = source.put(direction, ticket, waker);
        self.parked(key, put)
    }

    /// As [`Sources::park`], but `None` if the source is ready. One look into the table for both.
    pub(crate) fn park_unless_ready(
        &mut self,
        key: SourceKey,
        direction: Direction,
        ticket: impl FnOnce() -> Option<Ticket>,
        waker: &Waker,
    ) -> Option<Parked> {
        let Some(source) = self.edge(key) else { return Some(Parked::nowhere()) };
        if source.ready.intersects(direction.ready()) {
            return None;
        }
        let put = source.put(direction, ticket(), waker);
        Some(self.parked(key, put))
    }

    fn parked(&mut self, key: SourceKey, put: Put) -> Parked {
        self.awaited += usize::from(put.is_first);
        let refused = if self.selector.traits().edge { None } else { self.rearm(key).err() };
        Parked { replaced: put.replaced, refused }
    }

    /// Parks for somebody on another thread, whose call would have blocked. What became ready
    /// since then is reported anew, because the registration is armed again: where that is not done
    /// for each who parks.
    pub(crate) fn park_remote(
        &mut self,
        key: SourceKey,
        direction: Direction,
        ticket: Option<Ticket>,
        waker: &Waker,
    ) -> Parked {
        self.clear_ready(key, direction);
        let mut parked = self.park(key, direction, ticket, waker);
        if self.selector.traits().edge && parked.refused.is_none() {
            parked.refused = self.rearm(key).err();
        }
        parked
    }

    /// Takes the place that `ticket` names back, or that of the last that polled, with its waker.
    pub(crate) fn unpark(
        &mut self,
        key: SourceKey,
        direction: Direction,
        ticket: Option<Ticket>,
    ) -> Option<Waker> {
        let waiting = &mut self.edge(key)?.waiting[direction as usize];
        let waker = waiting.take(ticket)?;
        let awaited = waiting.is_awaited();
        self.awaited -= usize::from(!awaited);
        Some(waker)
    }

    /// Asks a one-shot poller for what is waited for, an edge poller for everything again. Not if
    /// the descriptor was closed behind the loop's back and its number is another source's.
    fn rearm(&mut self, key: SourceKey) -> io::Result<()> {
        let Some(source) = self.edge(key) else { return Ok(()) };
        let (fd, all, awaited) = (source.fd, source.interest, source.awaited_interest());
        if self.owners.get(fd) != Some(key) {
            return Err(LoopError::BadDescriptor(fd).into());
        }
        let interest = if self.selector.traits().edge { all } else { awaited };
        self.selector.modify(fd, key, interest, Mode::Edge)
    }

    /// Adds a level watcher. The callback comes back if the descriptor cannot be watched.
    pub(crate) fn watch(
        &mut self,
        fd: RawFd,
        direction: Direction,
        callback: &Rc<Registered>,
    ) -> Result<SourceKey, LoopError> {
        if let Some(key) = self.living_watch(fd)? {
            return self.watch_also(key, direction, callback);
        }
        let mut callbacks = [None, None];
        callbacks[direction as usize] = Some(Rc::clone(callback));
        let watch = LevelWatch { fd, callbacks };
        let interest = watch.interest();
        let key = SourceKey(self.table.insert(Source::Level(watch)));
        if let Err(error) = self.selector.add(fd, key, interest, Mode::Level) {
            self.table.remove(key.0);
            return Err(LoopError::watching(fd, error));
        }
        self.owners.set(fd, key);
        self.awaited += 1;
        Ok(key)
    }

    /// The watch of a descriptor, if the poller still knows it.
    fn living_watch(&mut self, fd: RawFd) -> Result<Option<SourceKey>, LoopError> {
        let Some(key) = self.watch_of(fd) else { return Ok(None) };
        let Some(Source::Level(watch)) = self.table.get(key.0) else { return Ok(None) };
        match self.selector.modify(fd, key, watch.interest(), Mode::Level) {
            Ok(()) => Ok(Some(key)),
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => Err(error.into()),
            Err(_) => {
                self.forget_stale_watch(fd);
                Ok(None)
            },
        }
    }

    /// Adds the second direction to a descriptor that is watched for the first.
    fn watch_also(
        &mut self,
        key: SourceKey,
        direction: Direction,
        callback: &Rc<Registered>,
    ) -> Result<SourceKey, LoopError> {
        let Some(Source::Level(watch)) = self.table.get_mut(key.0) else {
            return Err(LoopError::Closed);
        };
        let fd = watch.fd;
        if watch.callbacks[direction as usize].is_some() {
            return Err(LoopError::Busy(fd));
        }
        self.selector
            .modify(fd, key, Interest::BOTH, Mode::Level)
            .map_err(|error| LoopError::watching(fd, error))?;
        watch.callbacks[direction as usize] = Some(Rc::clone(callback));
        self.awaited += 1;
        Ok(key)
    }

    /// The key under which a descriptor is watched by number.
    pub(crate) fn watch_of(&self, fd: RawFd) -> Option<SourceKey> {
        let key = self.owners.get(fd)?;
        matches!(self.table.get(key.0), Some(Source::Level(_))).then_some(key)
    }

    /// Takes a level watcher away. Never fails, also if the descriptor was closed meanwhile.
    pub(crate) fn unwatch(
        &mut self,
        key: SourceKey,
        direction: Direction,
    ) -> Option<Rc<Registered>> {
        let Some(Source::Level(watch)) = self.table.get_mut(key.0) else { return None };
        let callback = watch.callbacks[direction as usize].take()?;
        self.awaited -= 1;
        let (fd, interest) = (watch.fd, watch.interest());
        if interest == Interest::NONE {
            self.table.remove(key.0);
            self.owners.clear(fd, key);
            self.selector.delete(fd).ok();
        } else {
            self.selector.modify(fd, key, interest, Mode::Level).ok();
        }
        Some(callback)
    }

    /// Waits, and notes who is to be told, in the poller's order.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        let waited = self.selector.wait(timeout, &mut events);
        events.drain(..).for_each(|event| self.note(event));
        self.events = events;
        waited
    }

    /// Who is to be told, if there is anybody. The lists come back with [`Sources::give_back`], so
    /// that a turn needs no memory of its own.
    pub(crate) fn take_found(&mut self) -> Option<Found> {
        self.has_found().then(|| std::mem::take(&mut self.found))
    }

    /// Whether there is anybody to be told.
    pub(crate) fn has_found(&self) -> bool {
        !self.found.wakers.is_empty() || !self.found.callbacks.is_empty()
    }

    pub(crate) fn give_back(&mut self, emptied: Found) {
        self.found = emptied;
    }

    /// A key that is not in the table belongs to a source that is gone: its event is stale.
    fn note(&mut self, event: Event) {
        match self.table.get_mut(event.key.0) {
            Some(Source::Edge(source)) => {
                source.ready = source.ready.with(event.ready);
                source.events = source.events.wrapping_add(1);
                self.awaited -= source.take_woken(event.ready, &mut self.found.wakers);
                let still_awaited = source.awaited_interest() != Interest::NONE;
                if still_awaited && !self.selector.traits().edge {
                    self.rearm(event.key).ok();
                }
            },
            Some(Source::Level(watch)) => {
                watch.take_called(event.ready, &mut self.found.callbacks);
                let (fd, interest) = (watch.fd, watch.interest());
                if !self.selector.traits().level {
                    self.selector.modify(fd, event.key, interest, Mode::Level).ok();
                }
            },
            None => {},
        }
    }

    /// Takes everything out, for the end of the loop.
    pub(crate) fn clear(&mut self) -> Found {
        let mut found = Found::default();
        self.owners = Owners::default();
        self.awaited = 0;
        for source in self.table.drain() {
            match source {
                Source::Edge(mut source) => {
                    self.selector.delete(source.fd).ok();
                    for waiting in &mut source.waiting {
                        waiting.take_into(&mut found.wakers);
                    }
                },
                Source::Level(watch) => {
                    self.selector.delete(watch.fd).ok();
                    found.callbacks.extend(watch.callbacks.into_iter().flatten());
                },
            }
        }
        found
    }
}

/// A waker was left.
struct Put {
    /// Whether nobody waited before for the same direction.
    is_first: bool,
    replaced: Option<Waker>,
}

impl EdgeSource {
    fn put(&mut self, direction: Direction, ticket: Option<Ticket>, waker: &Waker) -> Put {
        let waiting = &mut self.waiting[direction as usize];
        Put { is_first: !waiting.is_awaited(), replaced: waiting.put(ticket, waker) }
    }

    /// Takes those who wait for what has become ready, and tells how many directions they held.
    fn take_woken(&mut self, ready: ReadySet, wakers: &mut Vec<Waker>) -> usize {
        let mut released = 0;
        for direction in Direction::ALL {
            let waiting = &mut self.waiting[direction as usize];
            if ready.intersects(direction.ready()) && waiting.is_awaited() {
                waiting.take_into(wakers);
                released += 1;
            }
        }
        released
    }

    fn awaited_interest(&self) -> Interest {
        let [reading, writing] = &self.waiting;
        Interest::new(reading.is_awaited(), writing.is_awaited())
    }
}

impl LevelWatch {
    fn interest(&self) -> Interest {
        let [reader, writer] = &self.callbacks;
        Interest::new(reader.is_some(), writer.is_some())
    }

    fn take_called(&self, ready: ReadySet, callbacks: &mut Vec<Rc<Registered>>) {
        let called = Direction::ALL
            .into_iter()
            .filter(|direction| ready.intersects(direction.ready()))
            .filter_map(|direction| self.callbacks[direction as usize].clone());
        callbacks.extend(called);
    }
}
