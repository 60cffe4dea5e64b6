//! A stream as plain lists.

use std::collections::{BTreeMap, VecDeque};

use evergreen_io::io::StreamError;

use crate::asks::Ask;
use crate::stream::{Setup, Step};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Closed but for what is to go out.
    Ended,
    Closed,
}

pub(crate) struct Plain {
    setup: Setup,
    phase: Phase,
    /// What the peer has sent, and nobody has asked for.
    coming: VecDeque<u8>,
    has_peer_ended: bool,
    is_end_known: bool,
    input: Vec<u8>,
    output: VecDeque<u8>,
    room: usize,
    pub(crate) outgoing: Vec<u8>,
    is_shut: bool,
    pub(crate) is_direction_ended: bool,
    readers: VecDeque<(usize, Ask)>,
    flushers: Vec<usize>,
    shutter: Option<usize>,
    tasks: usize,
    /// What became of each task.
    pub(crate) told: BTreeMap<usize, String>,
}

fn closed() -> String {
    StreamError::Closed.to_string()
}

impl Plain {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            setup: setup.clone(),
            phase: Phase::Open,
            coming: VecDeque::new(),
            has_peer_ended: false,
            is_end_known: false,
            input: Vec::new(),
            output: VecDeque::new(),
            room: 0,
            outgoing: Vec::new(),
            is_shut: false,
            is_direction_ended: false,
            readers: VecDeque::new(),
            flushers: Vec::new(),
            shutter: None,
            tasks: 0,
            told: BTreeMap::new(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase != Phase::Open
    }

    pub(crate) fn look(&self) -> (bool, usize, usize) {
        (self.is_closed(), self.input.len(), self.output.len())
    }

    /// What a step answers, if it does at once.
    pub(crate) fn step(&mut self, step: &Step) -> Option<String> {
        match step {
            Step::Send(bytes) if !self.has_peer_ended => self.coming.extend(bytes),
            Step::Send(_) => {},
            Step::End => self.has_peer_ended = true,
            Step::Room(length) => self.room += length,
            Step::Write(bytes) => return Some(self.write(bytes)),
            Step::Read(ask) => {
                self.start(|plain, task| plain.readers.push_back((task, ask.clone())));
            },
            Step::Flush => self.start(|plain, task| plain.flushers.push(task)),
            Step::Shutdown if self.is_shut && !self.is_closed() => {
                self.start(|plain, task| plain.tell(task, StreamError::ShutDown.to_string()));
            },
            Step::Shutdown => self.start(|plain, task| {
                plain.is_shut = true;
                plain.shutter = Some(task);
            }),
            Step::Kill(back) if self.tasks > 0 => self.kill(self.tasks - 1 - back % self.tasks),
            Step::Kill(_) => {},
            Step::Take => return Some(format!("{:?}", std::mem::take(&mut self.input))),
            Step::Close => {
                self.input.clear();
                self.close();
            },
        }
        self.go_on();
        None
    }

    fn start(&mut self, begin: impl FnOnce(&mut Self, usize)) {
        let task = self.tasks;
        self.tasks += 1;
        if self.is_closed() { self.tell(task, closed()) } else { begin(self, task) }
    }

    fn tell(&mut self, task: usize, word: String) {
        self.told.insert(task, word);
    }

    fn kill(&mut self, task: usize) {
        self.readers.retain(|(reader, _)| *reader != task);
        self.flushers.retain(|flusher| *flusher != task);
        if self.shutter == Some(task) {
            self.shutter = None;
            self.is_shut = false;
        }
        self.told.entry(task).or_insert_with(|| "killed".to_owned());
    }

    fn write(&mut self, bytes: &[u8]) -> String {
        let full = StreamError::BufferFull { limit: self.setup.limit };
        if self.is_closed() {
            return closed();
        } else if self.is_shut {
            return StreamError::ShutDown.to_string();
        } else if self.output.len() + bytes.len() >= self.setup.limit {
            return full.to_string();
        }
        self.output.extend(bytes);
        self.send();
        self.output.is_empty().to_string()
    }

    fn send(&mut self) {
        let length = self.room.min(self.output.len());
        self.room -= length;
        self.outgoing.extend(self.output.drain(..length));
    }

    /// What follows from a step: bytes go out, and readers get what there is.
    fn go_on(&mut self) {
        if self.phase != Phase::Closed {
            self.send();
        }
        if self.output.is_empty() {
            self.flushed();
        }
        while self.phase == Phase::Open && !self.readers.is_empty() && self.read() {}
        if self.is_closed() {
            self.readers.drain(..).for_each(|(task, _)| drop(self.told.insert(task, closed())));
        }
    }

    fn flushed(&mut self) {
        for task in std::mem::take(&mut self.flushers) {
            self.tell(task, "flushed".to_owned());
        }
        if let Some(task) = self.shutter.take() {
            self.is_direction_ended = self.phase == Phase::Open;
            self.tell(task, if self.is_closed() { closed() } else { "shut".to_owned() });
        }
        if self.phase == Phase::Ended {
            self.phase = Phase::Closed;
        }
    }

    /// The first reader looks, and reads on. False if it waits.
    fn read(&mut self) -> bool {
        let (task, ask) = self.readers[0].clone();
        if let Some(end) = ask.end(&self.input) {
            let taken: Vec<_> = self.input.drain(..end).collect();
            return self.serve(task, format!("{taken:?}"));
        }
        if self.is_end_known {
            return self.tell_end(task, &ask);
        }
        self.fill(task)
    }

    fn serve(&mut self, task: usize, word: String) -> bool {
        self.readers.pop_front();
        self.tell(task, word);
        true
    }

    fn tell_end(&mut self, task: usize, ask: &Ask) -> bool {
        let rest = if ask.takes_rest() { std::mem::take(&mut self.input) } else { Vec::new() };
        self.serve(task, format!("{rest:?}"));
        if rest.is_empty() && !self.setup.keep_open {
            self.phase = Phase::Ended;
            if self.output.is_empty() {
                self.close();
            }
        }
        true
    }

    fn fill(&mut self, task: usize) -> bool {
        let room = self.setup.limit - 1 - self.input.len();
        let length = self.coming.len().min(self.setup.grain);
        if length == 0 {
            self.is_end_known = self.has_peer_ended;
            return self.has_peer_ended;
        }
        if room == 0 {
            self.serve(task, StreamError::BufferFull { limit: self.setup.limit }.to_string());
            self.input.clear();
            self.close();
        } else {
            self.input.extend(self.coming.drain(..length.min(room)));
        }
        true
    }

    /// What is not out is lost.
    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.output.clear();
        self.flushed();
    }
}
