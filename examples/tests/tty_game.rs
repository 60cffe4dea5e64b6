//! The game of the examples, at a terminal: keys go in, and what it shows is looked at.

#[path = "../../crates/evergreen-io/tests/common/pty.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod pty;
#[path = "../tty_game.rs"]
mod tty_game;

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use evergreen::io::TtyStream;
use pty::Pty;
use rustix::process::{Pid, Signal, kill_process};

/// Set in the process that plays.
const PLAYS: &str = "EVERGREEN_TTY_GAME";

fn start(pty: &Pty) -> Child {
    pty.resize(40, 6);
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "plays", "--ignored"])
        .env(PLAYS, "")
        .stdin(pty.slave.try_clone().expect("open"))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("this program can be run")
}

#[test]
#[ignore = "a program of the other tests"]
fn plays() {
    if std::env::var(PLAYS).is_ok() {
        evergreen::block_on(async {
            let terminal = TtyStream::stdin().expect("a terminal");
            tty_game::play(&terminal).await.expect("it stays");
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

// EV-EX, EV-TTY-03
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
        assert!(game.wait().expect("a child").success());
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
    assert!(game.wait().expect("a child").success());
}

// EV-TTY-04
#[test]
fn a_signal_that_ends_the_game_gives_the_terminal_back() {
    let pty = Pty::new();
    let before = pty.settings();
    let mut game = start(&pty);
    picture(&pty);
    kill_process(Pid::from_child(&game), Signal::TERM).expect("it runs");
    assert_eq!(game.wait().expect("a child").signal(), Some(Signal::TERM.as_raw()));
    assert_eq!(pty.settings(), before);
}

#[test]
fn a_terminal_that_goes_away_ends_the_game() {
    let pty = Pty::new();
    let mut game = start(&pty);
    picture(&pty);
    drop(pty);
    // By the end of what is typed, or because nothing can be shown.
    assert!(game.wait().expect("a child").code().is_some());
}
