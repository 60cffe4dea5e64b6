//! The connections of a server.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use super::{Listener, ServerCore};
use crate::io::core::{StreamCore, WeakCore};

/// A connection that a server has accepted.
pub(in crate::io) struct Accepted<L: Listener> {
    pub(in crate::io) core: StreamCore,
    pub(in crate::io) socket: Weak<L::Stream>,
    pub(in crate::io) names: L::Names,
    server: Weak<ServerCore<L>>,
}

impl<L: Listener> Accepted<L> {
    /// The server, as long as neither is closed.
    pub(in crate::io) fn server(&self) -> Option<Rc<ServerCore<L>>> {
        self.server.upgrade().filter(|server| !self.core.is_closed() && !server.is_closed())
    }

    /// Tells whether the server is closed, without keeping it or the connection.
    pub(super) fn server_watch(&self) -> impl Fn() -> bool + use<L> {
        let server = Weak::clone(&self.server);
        move || server.upgrade().is_none_or(|server| server.is_closed())
    }
}

/// By number, in the order of accepting. It keeps none of them open.
pub(super) struct Connections<L: Listener> {
    known: RefCell<BTreeMap<u64, Known<L>>>,
    next: Cell<u64>,
}

struct Known<L: Listener> {
    connection: Weak<Accepted<L>>,
    /// Lives on while the last bytes go out, when nobody holds the connection.
    core: WeakCore,
}

impl<L: Listener> Connections<L> {
    pub(super) fn add(
        server: &Rc<ServerCore<L>>,
        stream: L::Stream,
        names: L::Names,
    ) -> Rc<Accepted<L>> {
        let stream = Rc::new(stream);
        let socket = Rc::downgrade(&stream);
        let core = StreamCore::around(stream);
        let connections = &server.connections;
        let number = connections.next.replace(connections.next.get() + 1);
        let owner = Rc::downgrade(server);
        core.at_close(move || {
            if let Some(server) = owner.upgrade() {
                let gone = server.connections.known.borrow_mut().remove(&number);
                drop(gone);
            }
        });
        let accepted = Rc::new(Accepted { core, socket, names, server: Rc::downgrade(server) });
        let known = Known { connection: Rc::downgrade(&accepted), core: accepted.core.downgrade() };
        connections.known.borrow_mut().insert(number, known);
        accepted
    }

    /// How many there are, also of those that are closed but for their last bytes.
    pub(super) fn len(&self) -> usize {
        self.known.borrow().len()
    }

    pub(super) fn open(&self) -> Vec<Rc<Accepted<L>>> {
        let known = self.known.borrow();
        let open = known.values().filter_map(|known| known.connection.upgrade());
        open.filter(|connection| !connection.core.is_closed()).collect()
    }

    pub(super) fn close(&self) {
        let known = self.known.take();
        let cores = known.into_values().filter_map(|known| known.core.upgrade());
        cores.for_each(|core| core.close());
    }
}

impl<L: Listener> Default for Connections<L> {
    fn default() -> Self {
        Self { known: RefCell::default(), next: Cell::new(0) }
    }
}
