//! `select`: waits for the first of several descriptors.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;

use evergreen_loop::build::Direction;
use evergreen_loop::{Delay, EventLoop, LoopError};
use evergreen_sync::Event;

use super::watch::Watch;

/// Waits until one of the descriptors is ready, and gives the places of those that are: to read, to
/// write, and none of the third kind, which is there for its place alone. As Python's
/// `select.select`.
///
/// A limit of zero asks the poller once; `None` and a negative one wait as long as it takes. When the
/// time is over, nothing is ready. Errors and hang-ups count as ready: the next call on the
/// descriptor tells. A descriptor that somebody closes meanwhile is never ready again.
///
/// ```
/// use evergreen_io::lib::{select::select, socket::{self, socketpair}};
///
/// evergreen_loop::block_on(async {
///     let (ours, theirs) = socketpair(socket::AF_UNIX, socket::SOCK_STREAM, 0)?;
///     let (read, written, _) = select(&[&ours, &theirs], &[], &[], Some(0.01.into())).await?;
///     assert!(read.is_empty() && written.is_empty());
///     theirs.send(b"word").await?;
///     let (read, written, _) = select(&[&theirs, &ours], &[&ours], &[], None).await?;
///     assert_eq!((read, written), (vec![1], vec![0]));
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// [`LoopError::Busy`] if a descriptor is watched by others for the same: by another `select`, a
/// task that waits for it, a reader of the loop, or because it belongs to a stream of
/// [`net`](crate::net). [`LoopError::BadDescriptor`]; [`LoopError::NotPollable`] for regular files;
/// [`LoopError::NoLoop`].
///
/// # Kill safety
///
/// Nothing is watched any more.
pub async fn select(
    readers: &[&dyn AsRawFd],
    writers: &[&dyn AsRawFd],
    _exceptional: &[&dyn AsRawFd],
    limit: Option<Delay>,
) -> Result<(Vec<usize>, Vec<usize>, Vec<usize>), LoopError> {
    let any = Rc::new(Event::new());
    let readers = Watched::new(readers, Direction::Read, &any)?;
    let writers = Watched::new(writers, Direction::Write, &any)?;
    match limit {
        Some(Delay::ZERO) => poll_once(&any).await?,
        Some(limit) => drop(any.wait_timeout(limit).await),
        None => drop(any.wait().await),
    }
    Ok((readers.ready(), writers.ready(), Vec::new()))
}

/// Waits until the poller was asked. What it found is in the queue before whoever waits.
async fn poll_once(any: &Rc<Event>) -> Result<(), LoopError> {
    let event_loop = EventLoop::current()?;
    let asked = Rc::clone(any);
    let _check = event_loop.check(move || asked.set());
    // The poller does not sleep while there is one of these.
    let _idle = event_loop.idle(|| ());
    any.wait().await;
    Ok(())
}

/// Descriptors that are watched for one direction; each once, however often it is given.
struct Watched {
    given: Vec<RawFd>,
    watches: BTreeMap<RawFd, (Watch, Rc<Cell<bool>>)>,
}

impl Watched {
    fn new(
        given: &[&dyn AsRawFd],
        direction: Direction,
        any: &Rc<Event>,
    ) -> Result<Self, LoopError> {
        let given: Vec<_> = given.iter().map(|fd| fd.as_raw_fd()).collect();
        let mut watches = BTreeMap::new();
        for &fd in &given {
            if watches.contains_key(&fd) {
                continue;
            }
            let (any, ready) = (Rc::clone(any), Rc::new(Cell::new(false)));
            let is_ready = Rc::clone(&ready);
            let tell = move || {
                is_ready.set(true);
                any.set();
            };
            watches.insert(fd, (Watch::new(fd, direction, tell)?, ready));
        }
        Ok(Self { given, watches })
    }

    /// The places of those that are ready.
    fn ready(&self) -> Vec<usize> {
        let is_ready = |fd| self.watches.get(fd).is_some_and(|(_, ready)| ready.get());
        (0..self.given.len()).filter(|&place| is_ready(&self.given[place])).collect()
    }
}
