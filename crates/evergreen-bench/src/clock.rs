//! CPU time, resident memory, and the core that a thread runs on.

use crate::Figures;
use rustix::{
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};
use std::{fs, io, process, time::Instant};

/// The core of the runtime that is measured.
pub const RUNTIME_CORE: usize = 0;

/// The core of whoever talks to it: another thread, or the clients.
pub const OTHER_CORE: usize = 1;

/// CPU time of all threads of this process, of user and kernel, in nanoseconds.
pub fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    seconds * 1_000_000_000 + nanos
}

/// Keeps the calling thread, and those that it makes from now on, on one core. A machine that does
/// not have that core is taken as it is.
pub fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    let _ = sched_setaffinity(None, &cores);
}

/// Resident memory of this process in bytes.
///
/// # Panics
///
/// Without `/proc`.
pub fn resident_bytes() -> u64 {
    resident_bytes_of(process::id()).expect("needs /proc")
}

/// The same of another process.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn resident_bytes_of(process: u32) -> io::Result<u64> {
    let pages = fs::read_to_string(format!("/proc/{process}/statm"))?;
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("the second number is the resident pages"))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// Runs from its making to [`Stopwatch::stop`].
pub struct Stopwatch {
    wall: Instant,
    cpu_ns: u64,
}

impl Stopwatch {
    /// Read within the runtime, so that making and dropping the runtime is not measured.
    pub fn start() -> Self {
        Self { wall: Instant::now(), cpu_ns: cpu_ns() }
    }

    /// What each of `operations` took.
    pub fn stop(self, operations: u64) -> Figures {
        let cpu_ns = cpu_ns() - self.cpu_ns;
        let mut figures = Figures::default();
        figures.set("cpu_ns", cpu_ns as f64 / operations as f64);
        figures.set("wall_ns", self.wall.elapsed().as_nanos() as f64 / operations as f64);
        figures
    }
}
