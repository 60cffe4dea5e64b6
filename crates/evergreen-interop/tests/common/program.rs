//! Programs of other makes: socat, which knows every kind of socket and pipe, netcat, telnet.

use evergreen::net::UnixDatagram;
use evergreen::process::{Child, ChildStderr, Command};
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net;
use std::path::PathBuf;
use std::process::Stdio;

/// A running program. It is killed when it is dropped.
pub(crate) struct Program {
    pub(crate) child: Child,
    log: BufReader<ChildStderr>,
}

impl Program {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        Self::with_input(name, arguments, Stdio::piped())
    }

    fn with_input(name: &str, arguments: &[&str], input: impl Into<Stdio>) -> Self {
        Self::with(name, arguments, input, Stdio::piped())
    }

    /// What it reads and writes comes and goes by this socket: of each of its calls the bytes for
    /// themselves.
    pub(crate) fn with_datagrams(name: &str, arguments: &[&str]) -> (Self, UnixDatagram) {
        let (ours, theirs) = net::UnixDatagram::pair().unwrap();
        let ours = UnixDatagram::from_std(ours).unwrap();
        let [input, output] = [theirs.try_clone().unwrap(), theirs].map(OwnedFd::from);
        (Self::with(name, arguments, input, output), ours)
    }

    fn with(
        name: &str,
        arguments: &[&str],
        input: impl Into<Stdio>,
        output: impl Into<Stdio>,
    ) -> Self {
        let mut command = Command::new(name);
        command.args(arguments).kill_on_drop(true);
        command.stdin(input).stdout(output).stderr(Stdio::piped());
        let started = command.spawn();
        let mut child = started.unwrap_or_else(|error| panic!("see scripts/interop: {error}"));
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// A socat between two addresses of its own kind. When one direction has ended, it waits for the
    /// other longer than a test may take.
    pub(crate) fn socat(addresses: &[&str]) -> Self {
        Self::socat_with_input(addresses, Stdio::piped())
    }

    pub(crate) fn socat_with_input(addresses: &[&str], input: impl Into<Stdio>) -> Self {
        Self::with_input("socat", &[&["-dd", "-t", "60"], addresses].concat(), input)
    }

    /// Waits until it reports this.
    pub(crate) async fn says(&mut self, words: &str) {
        let mut said = String::new();
        while !said.contains(words) {
            said.clear();
            let length = self.log.read_line(&mut said).await.unwrap();
            assert_ne!(length, 0, "it ended before it said '{words}'");
        }
    }

    /// Lets it send this.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).await.unwrap();
    }

    /// Whether this is the next that it receives.
    pub(crate) async fn receives(&mut self, bytes: &[u8]) -> bool {
        let mut received = vec![0; bytes.len()];
        self.child.stdout.as_mut().unwrap().read_exact(&mut received).await.unwrap();
        received == bytes
    }

    /// Reads what it receives until these have come.
    pub(crate) async fn hears(&mut self, words: &[u8]) {
        let mut heard = Vec::new();
        while !heard.ends_with(words) {
            let mut byte = [0];
            self.child.stdout.as_mut().unwrap().read_exact(&mut byte).await.unwrap();
            heard.extend(byte);
        }
    }

    /// Lets it send this and no more, until it has ended. Gives what it has received.
    pub(crate) async fn finish(self, bytes: &[u8]) -> Vec<u8> {
        let output = self.child.communicate(bytes).await.unwrap();
        assert!(output.status.success(), "{}", output.status);
        output.stdout
    }
}

/// A name of one test's own, for a Unix socket or a FIFO. A file is removed at the end.
pub(crate) struct Name {
    /// `UNIX` for one with a file, `ABSTRACT` for one without.
    family: &'static str,
    name: String,
}

impl Name {
    pub(crate) fn new(family: &'static str, test: &str) -> Self {
        let file = format!("evergreen-socat-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(file);
        Self { family, name: path.to_str().unwrap().to_owned() }
    }

    /// An address of socat.
    pub(crate) fn to(&self, verb: &str) -> String {
        format!("{}-{verb}:{}", self.family, self.name)
    }

    /// The bare name, as socat has it in options.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    /// As netcat has it.
    pub(crate) fn as_netcat_has_it(&self) -> String {
        let at = if self.family == "ABSTRACT" { "@" } else { "" };
        format!("{at}{}", self.name)
    }

    /// As evergreen has it.
    pub(crate) fn path(&self) -> PathBuf {
        let zero = if self.family == "ABSTRACT" { "\0" } else { "" };
        PathBuf::from(format!("{zero}{}", self.name))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        std::fs::remove_file(&self.name).ok();
    }
}
