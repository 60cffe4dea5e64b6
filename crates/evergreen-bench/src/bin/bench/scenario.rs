//! What is measured, how often, and what evergreen has to reach.

/// One line of the table.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What one operation is.
    pub(crate) operation: &'static str,
    pub(crate) load: Load,
    pub(crate) goal: Option<Goal>,
    /// The only peers that can run it, if not all can.
    only: Option<&'static [&'static str]>,
}

pub(crate) enum Load {
    /// A peer's program on its own, for so many operations.
    Operations(u64),
    /// Clients in another process.
    Echo { connections: usize, requests: u64 },
}

/// What evergreen is held to.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// At most so many times what tokio takes.
    Ratio(f64),
    /// At most so much.
    Figure(f64),
}

impl Scenario {
    /// The figure that is compared, and its unit.
    pub(crate) fn figure(&self) -> (&'static str, &'static str) {
        match self.name {
            "mem_tasks" => ("bytes", "bytes"),
            _ => ("cpu_ns", "ns"),
        }
    }

    pub(crate) fn is_for(&self, peer: &str) -> bool {
        self.only.is_none_or(|peers| peers.contains(&peer))
    }

    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }
}

const fn alone(
    name: &'static str,
    operations: u64,
    goal: Option<Goal>,
    operation: &'static str,
) -> Scenario {
    Scenario { name, operation, load: Load::Operations(operations), goal, only: None }
}

const fn echo(name: &'static str, connections: usize, requests: u64) -> Scenario {
    let load = Load::Echo { connections, requests };
    let goal = Some(Goal::Ratio(1.03));
    Scenario { name, operation: "64 bytes there and back", load, goal, only: None }
}

/// What tasks wait for each other with: not every runtime has some.
const fn primitive(name: &'static str, operations: u64, operation: &'static str) -> Scenario {
    let only: &[_] = &["evergreen", "tokio", "smol"];
    Scenario { only: Some(only), ..alone(name, operations, Some(Goal::Ratio(1.0)), operation) }
}

pub(crate) const ALL: [Scenario; 16] = [
    alone("spawn_join", 1_000_000, Some(Goal::Ratio(0.45)), "start a task and await it"),
    alone("yield", 2_000_000, None, "a task gives way, one of 1,000"),
    alone("ping_pong", 1_000_000, None, "a message between two tasks"),
    alone("timers_sleep", 100_000, Some(Goal::Ratio(0.9)), "a task sleeps for 0 to 100 ms"),
    alone("timers_cancel", 1_000_000, Some(Goal::Ratio(0.4)), "a limit is set and dropped"),
    alone("cross_thread_wake", 20_000, Some(Goal::Ratio(1.0)), "a thread is asked and answers"),
    alone("mem_tasks", 100_000, Some(Goal::Figure(350.0)), "an idle task that sleeps"),
    primitive("acquire", 5_000_000, "a free slot is taken and given back"),
    primitive("acquire_contended", 2_000_000, "a slot is handed on, of 100 tasks"),
    primitive("queue_1_1", 5_000_000, "an item from one task to another"),
    primitive("queue_4_4", 5_000_000, "an item, of four tasks to four"),
    primitive("rendezvous", 2_000_000, "an item, and the word that it was taken"),
    primitive("event_1000", 5_000_000, "one of 1,000 is woken and waits again"),
    echo("echo_1", 1, 20_000),
    echo("echo_50", 50, 100_000),
    echo("echo_1000", 1000, 100_000),
];
