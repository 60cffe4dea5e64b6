//! What is measured, how often, and what evergreen has to reach.

use crate::peers::{BASE, FLOOR, FLOOR_WITH_BUFFERS};

/// One line of the table.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What one operation is.
    pub(crate) operation: &'static str,
    pub(crate) load: Load,
    pub(crate) goals: &'static [Goal],
    /// The only peers that can run it, if not all can.
    only: Option<&'static [&'static str]>,
}

pub(crate) enum Load {
    /// A peer's program on its own, for so many operations.
    Operations(u64),
    /// An echo server, and its clients in another process.
    Echo(Echo),
    /// A server that sends back lines, and the same clients.
    Lines(Echo),
    /// As `Echo`, to count the server's system calls.
    Calls(Echo),
    /// So many connections that have been served once and are silent.
    Idle { connections: usize },
}

/// What clients ask of an echo server.
#[derive(Clone, Copy)]
pub(crate) struct Echo {
    /// So many are open at once.
    pub(crate) connections: usize,
    pub(crate) requests: u64,
    /// The bytes of a request.
    pub(crate) size: usize,
    /// So many requests are sent in one piece, and the next when all of them are answered.
    pub(crate) in_flight: u64,
    /// Each request has a connection of its own, opened for it and closed after it.
    pub(crate) churn: bool,
}

/// What evergreen is held to.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// At most so many times what a peer takes.
    Ratio { to: &'static str, at_most: f64 },
    /// At most so much.
    Figure(f64),
}

/// What is compared, and how it is written.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// Behind the point of one below a hundred.
    pub(crate) digits: usize,
}

impl Scenario {
    pub(crate) fn figure(&self) -> Figure {
        match self.load {
            Load::Calls(_) => Figure { name: "calls", unit: "calls", digits: 2 },
            Load::Idle { .. } => Figure { name: "bytes", unit: "bytes", digits: 1 },
            Load::Operations(_) if self.name == "mem_tasks" => {
                Figure { name: "bytes", unit: "bytes", digits: 1 }
            },
            Load::Operations(_) | Load::Echo(_) | Load::Lines(_) => {
                Figure { name: "cpu_ns", unit: "ns", digits: 1 }
            },
        }
    }

    /// A loop written by hand has no tasks, and a connection of it is next to nothing but a buffer.
    pub(crate) fn is_for(&self, peer: &str) -> bool {
        match self.load {
            Load::Echo(_) | Load::Calls(_) => true,
            Load::Operations(_) | Load::Lines(_) | Load::Idle { .. } => {
                let is_loop = peer == FLOOR || peer == FLOOR_WITH_BUFFERS;
                !is_loop && self.only.is_none_or(|peers| peers.contains(&peer))
            },
        }
    }

    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }
}

const fn alone(
    name: &'static str,
    operations: u64,
    goals: &'static [Goal],
    operation: &'static str,
) -> Scenario {
    Scenario { name, operation, load: Load::Operations(operations), goals, only: None }
}

/// What tasks wait for each other with: not every runtime has some.
const fn primitive(name: &'static str, operations: u64, operation: &'static str) -> Scenario {
    Scenario { only: WITH_ALL, ..alone(name, operations, NOT_BEHIND_TOKIO, operation) }
}

/// Nor does every runtime read by lines.
const fn lines(name: &'static str, load: Echo, operation: &'static str) -> Scenario {
    Scenario { name, operation, load: Load::Lines(load), goals: NOT_BEHIND_TOKIO, only: WITH_ALL }
}

const fn echo(name: &'static str, load: Echo, operation: &'static str) -> Scenario {
    Scenario { name, operation, load: Load::Echo(load), goals: NEXT_TO_FLOOR, only: None }
}

const fn calls(
    name: &'static str,
    load: Echo,
    goals: &'static [Goal],
    operation: &'static str,
) -> Scenario {
    Scenario { name, operation, load: Load::Calls(load), goals, only: None }
}

const fn idle(name: &'static str, connections: usize, goals: &'static [Goal]) -> Scenario {
    let load = Load::Idle { connections };
    Scenario { name, operation: "a connection that is silent", load, goals, only: None }
}

/// 64 bytes, one request at a time on each connection.
const fn plain(connections: usize, requests: u64) -> Echo {
    Echo { connections, requests, size: 64, in_flight: 1, churn: false }
}

/// At most so many connections of one measurement that the clients do not run out of ports.
const fn churn(connections: usize, requests: u64) -> Echo {
    Echo { churn: true, ..plain(connections, requests) }
}

const fn of_tokio(at_most: f64) -> Goal {
    Goal::Ratio { to: BASE, at_most }
}

const WITH_ALL: Option<&[&str]> = Some(&["evergreen", "tokio", "smol"]);

const NOT_BEHIND_TOKIO: &[Goal] = &[of_tokio(1.0)];
const NEXT_TO_FLOOR: &[Goal] = &[Goal::Ratio { to: FLOOR, at_most: 1.03 }, of_tokio(1.0)];

/// Two for each request, and a wait now and then, which serves many.
const TWO: &[Goal] = &[Goal::Figure(2.04)];

const THERE_AND_BACK: &str = "64 bytes there and back";
const CONNECTION: &str = "a connection for 64 bytes there and back";

pub(crate) const ALL: [Scenario; 26] = [
    alone("spawn_join", 1_000_000, &[of_tokio(0.45)], "start a task and await it"),
    alone("yield", 2_000_000, &[], "a task gives way, one of 1,000"),
    alone("ping_pong", 1_000_000, &[], "a message between two tasks"),
    alone("timers_sleep", 100_000, &[of_tokio(0.9)], "a task sleeps for 0 to 100 ms"),
    alone("timers_cancel", 1_000_000, &[of_tokio(0.4)], "a limit is set and dropped"),
    alone("cross_thread_wake", 20_000, &[of_tokio(1.0)], "a thread is asked and answers"),
    alone("mem_tasks", 100_000, &[Goal::Figure(350.0)], "an idle task that sleeps"),
    primitive("acquire", 5_000_000, "a free slot is taken and given back"),
    primitive("acquire_contended", 2_000_000, "a slot is handed on, of 100 tasks"),
    primitive("queue_1_1", 5_000_000, "an item from one task to another"),
    primitive("queue_4_4", 5_000_000, "an item, of four tasks to four"),
    primitive("rendezvous", 2_000_000, "an item, and the word that it was taken"),
    primitive("event_1000", 5_000_000, "one of 1,000 is woken and waits again"),
    echo("echo_1", plain(1, 20_000), THERE_AND_BACK),
    echo("echo_50", plain(50, 100_000), THERE_AND_BACK),
    echo("echo_1000", plain(1000, 100_000), THERE_AND_BACK),
    echo("echo_4k", Echo { size: 4096, ..plain(50, 80_000) }, "4 KiB there and back"),
    echo("echo_16", Echo { in_flight: 16, ..plain(50, 480_000) }, "64 bytes, 16 at a time"),
    echo("churn", churn(32, 20_000), CONNECTION),
    lines("lines_1", plain(1, 20_000), "a line there and back"),
    lines("lines_50", plain(50, 100_000), "a line there and back"),
    lines("lines_16", Echo { in_flight: 16, ..plain(50, 480_000) }, "a line, 16 at a time"),
    calls("calls_1", plain(1, 1000), &[Goal::Figure(3.02)], THERE_AND_BACK),
    calls("calls_1000", plain(1000, 10_000), TWO, THERE_AND_BACK),
    calls("calls_churn", churn(32, 2000), &[Goal::Figure(7.3)], CONNECTION),
    idle("mem_connections", 9000, &[Goal::Figure(1100.0)]),
];
