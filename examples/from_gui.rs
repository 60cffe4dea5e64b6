//! A window system's own main loop, with events and frames, that has evergreen as its guest.
//!
//! ```sh
//! cargo run --example from_gui
//! ```
//!
//! The window is made up. You should see each of two keys typed, looked for and answered, and how
//! many frames were drawn, most of them while the tasks slept.

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{EventLoop, LoopTasks, sleep, spawn_blocking};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use std::{cell::RefCell, error::Error, io, os::unix::net::UnixStream, rc::Rc, thread};

/// Tasks write it and frames show it. Both are on one thread: no lock.
type Label = Rc<RefCell<Option<String>>>;

async fn look_for(key: char, label: Label) {
    println!("task: looking for {key}");
    sleep(Duration::from_millis(10)).await; // the user may type on
    let files = spawn_blocking(move || u32::from(key) % 89).await.expect("no panic");
    label.replace(Some(format!("{key} is in {files} files")));
}

struct Window {
    connection: UnixStream,
    label: Label,
    next_frame: Instant,
    frames: u32,
}

impl Window {
    /// Handles what the user did. False when the window was closed.
    fn handle_event(&mut self, event_loop: &EventLoop) -> io::Result<bool> {
        let mut key = [0];
        if self.connection.read(&mut key)? == 0 {
            return Ok(false);
        }
        let key = char::from(key[0]);
        println!("window: key {key}");
        drop(event_loop.spawn(look_for(key, Rc::clone(&self.label))));
        Ok(true)
    }

    fn draw_frame(&mut self) -> io::Result<()> {
        self.frames += 1;
        self.next_frame = Instant::now() + Duration::from_millis(2);
        let Some(text) = self.label.take() else { return Ok(()) };
        println!("window: shows `{text}`");
        self.connection.write_all(b".")
    }

    // ANCHOR: host
    /// The main loop of the window system.
    fn run(&mut self, event_loop: &EventLoop) -> Result<(), Box<dyn Error>> {
        while !self.wait(event_loop)? || self.handle_event(event_loop)? {
            if self.next_frame <= Instant::now() {
                self.draw_frame()?;
            }
            // The guest does what is to do, and does not sleep.
            event_loop.turn(Some(Duration::ZERO))?;
        }
        Ok(())
    }

    /// Sleeps until one of the two has an event, or something is due. True if it is the window.
    fn wait(&self, event_loop: &EventLoop) -> Result<bool, Box<dyn Error>> {
        let mut limit = self.next_frame.saturating_duration_since(Instant::now());
        if let Some(deadline) = event_loop.next_deadline() {
            limit = limit.min(deadline - event_loop.time());
        }
        let window = PollFd::new(&self.connection, PollFlags::IN);
        let mut watched = [window, PollFd::new(event_loop, PollFlags::IN)];
        poll(&mut watched, Some(&Timespec::try_from(limit)?))?;
        Ok(!watched[0].revents().is_empty())
    }
    // ANCHOR_END: host
}

fn main() -> Result<(), Box<dyn Error>> {
    let (connection, mut display) = UnixStream::pair()?;
    let user = thread::spawn(move || {
        // The user types, looks at the answer, types again; then the window is closed.
        b"ab".iter().try_for_each(|key| {
            display.write_all(&[*key])?;
            display.read_exact(&mut [0])
        })
    });
    let event_loop = EventLoop::new()?;
    let mut window =
        Window { connection, label: Label::default(), next_frame: Instant::now(), frames: 0 };
    window.run(&event_loop)?;
    println!("window: closed after {} frames", window.frames);
    user.join().expect("no panic")?;
    Ok(event_loop.destroy()?)
}
