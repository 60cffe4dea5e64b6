//! Which terminals are in raw mode.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{Dev, fstat, makedev, stat};
use rustix::pty::ptsname;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::former::Former;
use crate::source::uninterrupted;
use crate::stdio::duplicate;

/// A terminal may have several streams, which end in any order: the first that wants raw mode begins
/// it, the last one ends it.
static TERMINALS: Mutex<BTreeMap<Dev, RawTerminal>> = Mutex::new(BTreeMap::new());

struct RawTerminal {
    /// Of its own: no stream need stay open.
    fd: OwnedFd,
    former: &'static Former,
    streams: usize,
}

/// Raw mode, as long as one stream wants it.
pub(super) struct RawMode(Dev);

fn terminals() -> MutexGuard<'static, BTreeMap<Dev, RawTerminal>> {
    TERMINALS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RawMode {
    pub(super) fn begin(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let device = device(fd)?;
        let mut terminals = terminals();
        match terminals.get_mut(&device) {
            Some(terminal) => {
                terminal.make_raw()?;
                terminal.streams += 1;
            },
            None => {
                let terminal = RawTerminal::new(fd)?;
                terminal.make_raw()?;
                terminals.insert(device, terminal);
            },
        }
        Ok(Self(device))
    }

    /// Begins it again, if somebody has changed the settings.
    pub(super) fn renew(&self) -> io::Result<()> {
        terminals().get(&self.0).map_or(Ok(()), RawTerminal::make_raw)
    }

    /// Gives the settings back and tells if that fails. To drop it does not tell.
    pub(super) fn end(&self) -> io::Result<()> {
        match terminals().get(&self.0) {
            Some(terminal) if terminal.streams == 1 => terminal.set(terminal.former.settings()),
            _ => Ok(()),
        }
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let mut terminals = terminals();
        let Some(terminal) = terminals.get_mut(&self.0) else { return };
        terminal.streams -= 1;
        if terminal.streams == 0 {
            terminals.remove(&self.0);
        }
    }
}

impl RawTerminal {
    fn new(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let fd = duplicate(fd)?;
        let former = Former::keep(tcgetattr(&fd)?, &fd)?;
        Ok(Self { fd, former, streams: 1 })
    }

    fn make_raw(&self) -> io::Result<()> {
        self.set(&raw(self.former.settings().clone()))
    }

    fn set(&self, settings: &Termios) -> io::Result<()> {
        uninterrupted(|| Ok(tcsetattr(&self.fd, OptionalActions::Now, settings)?))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        self.former.give_back();
    }
}

/// Bytes as they are typed. What is written stays as it was, and how the line is driven.
fn raw(mut settings: Termios) -> Termios {
    settings.input_modes -= InputModes::IGNBRK
        | InputModes::BRKINT
        | InputModes::PARMRK
        | InputModes::INPCK
        | InputModes::ISTRIP
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::ICRNL
        | InputModes::IXON;
    settings.local_modes -= LocalModes::ECHO
        | LocalModes::ECHONL
        | LocalModes::ICANON
        | LocalModes::ISIG
        | LocalModes::IEXTEN;
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    settings
}

/// Tells terminals apart. The two sides of a pseudo-terminal have their settings in common.
fn device(fd: BorrowedFd<'_>) -> io::Result<Dev> {
    let other_side = ptsname(fd, Vec::new()).and_then(|name| stat(&*name));
    let device = other_side.or_else(|_| fstat(fd))?.st_rdev;
    let stands_for = if device == makedev(5, 0) { of_this_process() } else { None };
    Ok(stands_for.unwrap_or(device))
}

/// The terminal that `/dev/tty` stands for, where Linux tells.
fn of_this_process() -> Option<Dev> {
    let stat = std::fs::read("/proc/self/stat").ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name of the program stands in parentheses, whatever it is.
    let (_, after_name) = stat.rsplit_once(')')?;
    let number: u32 = after_name.split_whitespace().nth(4)?.parse().ok()?;
    let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xf_ff00);
    (number != 0).then(|| makedev(major, minor))
}
