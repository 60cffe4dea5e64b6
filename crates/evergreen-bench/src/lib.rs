//! evergreen beside other single-threaded runtimes.
//!
//! A runtime is one program, `src/bin/peer-NAME`, that implements [`Peer`], and [`Primitives`] if its
//! tasks have something to wait for each other with, and [`Lines`] if it reads by lines. The scenarios
//! are generic over it, so that two runtimes differ in nothing else. A peer's program runs one scenario
//! in a process of its own and prints its [`Figures`]; the program `bench` starts them in turns and
//! draws up the table.
//!
//! | module | what it has |
//! | --- | --- |
//! | `peer` | what a runtime must offer, and the program around it |
//! | `primitives` | semaphores, events and queues, under the same names for all |
//! | `scenarios` | what is measured |
//! | `futures` | futures written by hand, the same for all |
//! | `clock` | CPU time, resident memory, pinning to a core |
//! | `figures` | what was measured, as text |

pub mod clock;
pub mod figures;
pub mod futures;
pub mod peer;
pub mod primitives;
pub mod scenarios;

pub use figures::Figures;
pub use peer::{Lines, Peer, run, run_with_all};
pub use primitives::Primitives;
