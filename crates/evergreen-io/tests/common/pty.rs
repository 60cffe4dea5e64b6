//! A terminal of a test's own: what is typed, and what it shows.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};

use super::watched::LIMIT;

pub(crate) struct Pty {
    /// The side of who sits before the screen.
    pub(crate) master: File,
    /// The side of programs.
    pub(crate) slave: OwnedFd,
    /// Until when something may be shown.
    deadline: Instant,
}

impl Pty {
    /// With settings that no terminal begins with.
    pub(crate) fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal");
        grantpt(&master).expect("a new one");
        unlockpt(&master).expect("a new one");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&*name, flags, Mode::empty()).expect("the other side");
        let pty = Self { master: master.into(), slave, deadline: Instant::now() + LIMIT };
        pty.change(b'#');
        pty
    }

    /// Another sign to erase with.
    pub(crate) fn change(&self, erase: u8) {
        let mut settings = tcgetattr(&self.master).expect("settings");
        settings.special_codes[SpecialCodeIndex::VERASE] = erase;
        tcsetattr(&self.master, OptionalActions::Now, &settings).expect("it may be set");
    }

    /// All of them, to be compared.
    pub(crate) fn settings(&self) -> String {
        format!("{:?}", tcgetattr(&self.master).expect("settings"))
    }

    pub(crate) fn is_raw(&self) -> bool {
        let modes = tcgetattr(&self.master).expect("settings").local_modes;
        !modes.intersects(
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN,
        )
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.master, size).expect("it has a size");
    }

    pub(crate) fn press(&self, keys: impl AsRef<[u8]>) {
        (&self.master).write_all(keys.as_ref()).expect("somebody may read it");
    }

    /// What is shown, up to this. Fails if that takes too long.
    pub(crate) fn shows(&self, end: &str) -> String {
        let (mut shown, mut byte) = (Vec::new(), [0]);
        while !shown.ends_with(end.as_bytes()) {
            assert!(self.has_shown(), "only {:?}", String::from_utf8_lossy(&shown));
            (&self.master).read_exact(&mut byte).expect("somebody writes");
            shown.extend(byte);
        }
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Waits until there is more to read, or until the deadline.
    fn has_shown(&self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let left = left.try_into().expect("a minute");
        let mut screen = [PollFd::new(&self.master, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut screen, Some(&left))).expect("a screen") == 1
    }
}
