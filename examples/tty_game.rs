//! A snake that looks for apples: keys of a terminal in raw mode, and a picture for each tick.
//!
//! ```sh
//! cargo run --example tty_game
//! ```
//!
//! The arrow keys turn it, and so do w, a, s, d. It comes in again on the other side of the screen,
//! and must not bite itself. q and ctrl-c end the game. You should see a snake `####@@` and an apple
//! `()`, and below how many it has found. Without a terminal, it says so and ends.

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::io::{BaseStream, TtyError, TtyStream};
use evergreen::{interval, select};
use std::{collections::VecDeque, time::Duration};

/// Places are columns and rows.
struct Game {
    snake: VecDeque<(i32, i32)>,
    direction: (i32, i32),
    apples: u16,
}

impl Game {
    fn apple(&self, (columns, rows): (i32, i32)) -> (i32, i32) {
        let found = i32::from(self.apples);
        ((8 + 31 * found) % columns, (2 + 17 * found) % rows)
    }

    /// Turns, but not right back. The last byte of an arrow says which it is. False for an end.
    fn turn(&mut self, typed: &[u8]) -> bool {
        for key in typed {
            let (x, y) = match key {
                b'A' | b'w' => (0, -1),
                b'B' | b's' => (0, 1),
                b'C' | b'd' => (1, 0),
                b'D' | b'a' => (-1, 0),
                b'q' | b'\x03' => return false,
                _ => continue,
            };
            if self.snake.get(1) != Some(&(self.snake[0].0 + x, self.snake[0].1 + y)) {
                self.direction = (x, y);
            }
        }
        !typed.is_empty()
    }

    /// False if it bites itself.
    fn step(&mut self, size: (i32, i32)) -> bool {
        let ((x, y), (right, down)) = (self.snake[0], self.direction);
        let head = ((x + right).rem_euclid(size.0), (y + down).rem_euclid(size.1));
        let lives = !self.snake.contains(&head);
        self.snake.push_front(head);
        self.apples += u16::from(head == self.apple(size));
        self.snake.truncate(4 + usize::from(self.apples));
        lives
    }

    fn picture(&self, size: (i32, i32)) -> String {
        let sign = |place| match self.snake.iter().position(|other| *other == place) {
            Some(0) => "@@",
            Some(_) => "##",
            None => ["  ", "()"][usize::from(place == self.apple(size))],
        };
        let row = |y| (0..size.0).map(move |x| sign((x, y))).chain(["\n"]);
        let rows: String = (0..size.1).flat_map(row).collect();
        format!("\x1b[H{rows}apples {}, q ends ", self.apples)
    }
}

// ANCHOR: play
pub(crate) async fn play(terminal: &TtyStream) -> Result<(), TtyError> {
    terminal.set_raw_mode(true)?; // until the stream is dropped
    let mut game = Game { snake: [(2, 2)].into(), direction: (1, 0), apples: 0 };
    let (mut ticks, mut goes_on) = (interval(Duration::from_millis(120)), true);
    while goes_on {
        select! {
            typed = terminal.read_some(64) => goes_on = game.turn(&typed?),
            _ = ticks.tick() => {
                let (columns, rows) = terminal.winsize()?; // it may change at any time
                let size = (i32::from(columns / 2).max(9), i32::from(rows).max(5) - 1);
                goes_on = game.step(size);
                terminal.write(game.picture(size).as_bytes())?;
                terminal.flush().await?;
            }
        }
    }
    terminal.write(b"\nthe end\n").map(|_| ())
}
// ANCHOR_END: play

#[evergreen::main]
async fn main() -> Result<(), TtyError> {
    let Ok(terminal) = TtyStream::stdin().inspect_err(|error| println!("no game: {error}")) else {
        return Ok(());
    };
    play(&terminal).await
}
