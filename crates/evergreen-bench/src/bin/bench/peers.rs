//! The runtimes, and the building of their programs.

use std::{path::PathBuf, process::Command};

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// The name of its feature, and the end of that of its program.
    program: &'static str,
    args: &'static [&'static str],
}

/// The one that the ratios are to.
pub(crate) const BASE: &str = "tokio";

/// The one that has goals.
pub(crate) const OURS: &str = "evergreen";

/// No runtime but a loop written by hand.
pub(crate) const FLOOR: &str = "epoll";

/// The same with a buffer for each connection, as the runtimes' servers have it.
pub(crate) const FLOOR_WITH_BUFFERS: &str = "epoll-buffers";

const fn peer(name: &'static str) -> Peer {
    Peer { name, program: name, args: &[] }
}

/// In the order of a round, and of the columns.
pub(crate) const ALL: [Peer; 9] = [
    peer(OURS),
    peer(BASE),
    peer("smol"),
    peer("monoio"),
    Peer { name: "monoio-legacy", program: "monoio", args: &["--legacy"] },
    peer("compio"),
    peer("glommio"),
    peer(FLOOR),
    Peer { name: FLOOR_WITH_BUFFERS, program: FLOOR, args: &["--buffers"] },
];

impl Peer {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|peer| peer.name == name)
    }

    /// Beside this program: all of them are built into one directory.
    pub(crate) fn command(&self) -> Command {
        let own = std::env::current_exe().unwrap_or_default();
        let mut path = PathBuf::from(own.parent().unwrap_or(&own));
        path.push(format!("peer-{}", self.program));
        let mut command = Command::new(path);
        command.args(self.args);
        command
    }

    /// The program with these arguments under strace, which says at its end how often it and its
    /// threads made which system call.
    pub(crate) fn counted(&self, args: &[&str]) -> Command {
        let own = self.command();
        let mut command = Command::new("strace");
        command.args(["-f", "-c", "-U", "name,calls"]);
        command.arg(own.get_program()).args(own.get_args()).args(args);
        command
    }
}

/// Builds a peer's program with its own feature and no other.
pub(crate) fn build(peer: &Peer) -> Result<(), String> {
    let feature = if peer.program == OURS { "default" } else { peer.program };
    let bin = format!("peer-{}", peer.program);
    let args = ["build", "--release", "--quiet", "--features", feature, "--bin", &bin];
    let output = Command::new("cargo").args(args).output();
    let output = output.map_err(|error| format!("does not build: cargo: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    eprintln!("{said}");
    let error = said.lines().find(|line| line.starts_with("error")).unwrap_or("cargo failed");
    Err(format!("does not build: {error}"))
}
