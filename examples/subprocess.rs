//! Children: one that is fed and read at once, one whose lines are read as they come, one that takes
//! too long.
//!
//! ```sh
//! cargo run --example subprocess
//! ```
//!
//! You should see:
//!
//! ```text
//! sorted: apple, pear, plum
//! the shell says: one
//! the shell says: two
//! the shell ended with exit status: 3
//! sleep took too long and was killed: signal: 9 (SIGKILL)
//! cannot start `no-such-program`
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{process::Command, timeout};
use futures_lite::{AsyncBufReadExt, StreamExt, io::BufReader};
use std::{io, process::Stdio, time::Duration};

#[evergreen::main]
async fn main() -> io::Result<()> {
    // ANCHOR: communicate
    let sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let output = sort.communicate(b"plum\napple\npear\n").await?;
    let sorted = String::from_utf8_lossy(&output.stdout);
    println!("sorted: {}", sorted.lines().collect::<Vec<_>>().join(", "));
    // ANCHOR_END: communicate

    // ANCHOR: lines
    let script = "echo one; sleep 0.1; echo two; exit 3";
    let mut shell = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(shell.stdout.take().expect("piped")).lines();
    while let Some(line) = lines.next().await {
        println!("the shell says: {}", line?);
    }
    println!("the shell ended with {}", shell.wait().await?);
    // ANCHOR_END: lines

    // ANCHOR: kill
    let mut slow = Command::new("sleep").arg("3600").kill_on_drop(true).spawn()?;
    if timeout(Duration::from_millis(20), slow.wait()).await.is_err() {
        slow.kill().await?; // and waits for its end: no zombie is left
        println!("sleep took too long and was killed: {}", slow.wait().await?);
    }
    // ANCHOR_END: kill

    let error = Command::new("no-such-program").spawn().expect_err("there is none");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    println!("cannot start `no-such-program`");
    Ok(())
}
