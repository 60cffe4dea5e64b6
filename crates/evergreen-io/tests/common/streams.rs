//! Streams of no class.

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_io::io::{BaseStream, StreamCore, StreamError};
use evergreen_io::net::UnixStream;
use evergreen_loop::EventLoop;

/// As a user would make one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plain(pub(crate) StreamCore);

impl BaseStream for Plain {
    type Error = StreamError;

    fn stream_core(&self) -> &StreamCore {
        &self.0
    }
}

/// Two ends of a connection.
pub(crate) fn plain_pair() -> (Plain, Plain) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    (Plain(StreamCore::connected(ours)), Plain(StreamCore::connected(theirs)))
}

/// Writes more than the system takes.
pub(crate) fn fill(stream: &impl BaseStream<Error: std::fmt::Debug>) -> usize {
    let chunk = [7; 1000];
    let mut written = 0;
    loop {
        written += chunk.len();
        if !stream.write(&chunk).expect("open") {
            return written;
        }
    }
}

/// What the exception handler of this loop is told.
pub(crate) fn reports() -> Rc<RefCell<Vec<String>>> {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let noting = Rc::clone(&reports);
    let event_loop = EventLoop::try_current().expect("a loop");
    event_loop.set_exception_handler(move |context| noting.borrow_mut().push(context.to_string()));
    reports
}
