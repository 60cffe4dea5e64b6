//! The game of the examples, at a terminal: keys go in, and what it shows is looked at.

#[path = "../../crates/evergreen-io/tests/common/pty.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod pty;
#[path = "../tty_game.rs"]
mod tty_game;
#[path = "../../crates/evergreen-io/tests/common/watched.rs"]
mod watched;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio, exit};

use evergreen::io::{StreamError, TtyError, TtyStream};
use pty::Pty;
use rustix::process::{Signal, kill_process};
use watched::Watched;

/// Set in the process that plays.
const PLAYS: &str = "EVERGREEN_TTY_GAME";

/// What it exits with if its terminal is gone.
const HUNG_UP: i32 = 7;

fn start(pty: &Pty) -> Watched {
    pty.resize(40, 6);
    let mut game = Command::new(std::env::current_exe().expect("this program"));
    game.args(["--exact", "plays", "--ignored"])
        .env(PLAYS, "")
        .stdin(pty.slave.try_clone().expect("open"))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    Watched::start(&mut game)
}

/// Reads tell the end, which closes the stream; or whoever writes first is told.
fn is_of_hang_up(error: &TtyError) -> bool {
    matches!(error.kind(), StreamError::Closed) || error.kind().errno() == Some(libc::EIO)
}

#[test]
#[ignore = "a program of the other tests"]
fn plays() {
    if std::env::var(PLAYS).is_ok() {
        evergreen::block_on(async {
            let terminal = TtyStream::stdin().expect("a terminal");
            match tty_game::play(&terminal).await {
                Err(error) if is_of_hang_up(&error) => exit(HUNG_UP),
                played => played.expect("the end of the game, or of the terminal"),
            }
        });
    }
}

/// The rows of the next picture.
fn picture(pty: &Pty) -> Vec<String> {
    pty.shows("\x1b[H");
    pty.shows("q ends ").lines().map(str::to_owned).collect()
}

/// Where the snake's head is.
fn row(pty: &Pty) -> Option<usize> {
    picture(pty).iter().position(|row| row.contains("@@"))
}

// EV-TTY-03
#[test]
fn keys_turn_the_snake_and_end_the_game() {
    for (down, end) in [("s", "q"), ("\x1b[B", "\x03")] {
        let pty = Pty::new();
        let before = pty.settings();
        let mut game = start(&pty);
        assert_eq!(row(&pty), Some(2));
        assert!(pty.is_raw());
        pty.press(down);
        while row(&pty) == Some(2) {}
        pty.press(end);
        pty.shows("the end\r\n");
        assert!(game.ends().success());
        assert_eq!(pty.settings(), before);
    }
}

#[test]
fn the_snake_grows_by_an_apple_and_must_not_bite_itself() {
    let pty = Pty::new();
    let mut game = start(&pty);
    assert!(picture(&pty)[2].contains("()"));
    // It runs into the first one.
    pty.shows("apples 1, q ends ");
    assert_eq!(picture(&pty).concat().matches("##").count(), 4);
    // Round and round, by a key for each picture.
    let mut keys = ["s", "a", "w", "d"].iter().cycle();
    while !pty.shows("end").ends_with("the end") {
        pty.press(keys.next().expect("no end"));
    }
    assert!(game.ends().success());
}

// EV-TTY-04
#[test]
fn a_signal_that_ends_the_game_gives_the_terminal_back() {
    let pty = Pty::new();
    let before = pty.settings();
    let mut game = start(&pty);
    picture(&pty);
    kill_process(game.pid(), Signal::TERM).expect("it runs");
    assert_eq!(game.ends().signal(), Some(Signal::TERM.as_raw()));
    assert_eq!(pty.settings(), before);
}

// F29
#[test]
fn a_terminal_that_goes_away_ends_the_game() {
    let pty = Pty::new();
    let mut game = start(&pty);
    picture(&pty);
    drop(pty);
    assert_eq!(game.ends().code(), Some(HUNG_UP));
}
