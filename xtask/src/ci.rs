//! Everything that CI runs, fastest first. `.ci/run` is this after `cargo test`.

use crate::Result;
use std::{process::Command, time::Instant};

/// Name and command line of each step.
const STEPS: [(&str, &str); 22] = [
    ("fmt", "cargo fmt --all --check"),
    ("layers", "cargo xtask layers"),
    ("unsafe", "cargo xtask unsafe"),
    ("xtask", "cargo test --package xtask"),
    ("clippy", "cargo clippy --workspace --all-targets -- -D warnings"),
    // What stands behind features: the steps around this one leave it out.
    (
        "features",
        "cargo clippy -p evergreen-io -p evergreen-rt --all-features --all-targets -- -D warnings \
         && cargo test -p evergreen-io --all-features --doc \
         && RUSTDOCFLAGS='-D warnings' cargo doc -p evergreen-io -p evergreen-rt --all-features --no-deps",
    ),
    ("doc", "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps"),
    // Its own workspace, and without the runtimes beside evergreen: they are many.
    (
        "bench",
        "cd crates/evergreen-bench && cargo fmt --check \
         && cargo clippy --locked --all-targets -- -D warnings \
         && cargo test --locked --lib --bins",
    ),
    ("test", "cargo test"),
    ("examples", "cargo xtask examples"),
    // Other systems wait by polling's own calls: the same path, taken here.
    (
        "portable",
        "RUSTFLAGS='--cfg evergreen_portable' CARGO_TARGET_DIR=target/portable \
         cargo test -p evergreen-loop -p evergreen-task -p evergreen-io --lib --tests",
    ),
    // The same over plain poll(2): one-shot registrations that are armed again and again.
    (
        "poll",
        "RUSTFLAGS='--cfg evergreen_portable --cfg polling_test_poll_backend' \
         CARGO_TARGET_DIR=target/poll cargo test -p evergreen-io --test tcp --test liveness",
    ),
    ("clients", "scripts/external-clients"),
    ("interop", "scripts/interop"),
    ("mini-redis", "scripts/mini-redis"),
    ("time", "scripts/time-namespace"),
    ("instructions", "scripts/instructions"),
    // Counted by strace: the same on every machine, busy or not.
    ("calls", "scripts/bench --check --peers evergreen --rounds 1 calls_1,calls_1000,calls_churn"),
    ("msrv", "scripts/msrv"),
    ("loom", "scripts/loom"),
    ("asan", "scripts/sanitize address --short"),
    ("tsan", "scripts/sanitize thread --short"),
];

pub(crate) fn run(args: &[&str]) -> Result {
    let skipped = skipped(args)?;
    let start = Instant::now();
    for (name, line) in STEPS.iter().filter(|(name, _)| !skipped.contains(name)) {
        let step = Instant::now();
        println!("\n$ {line}");
        let status = Command::new("sh").args(["-c", line]).status()?;
        println!("[{name}: {:.1} s]", step.elapsed().as_secs_f64());
        if !status.success() {
            return Err(format!("{name} failed: {status}").into());
        }
    }
    println!("\nci: all done in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The names behind `--skip`, each of which must be that of a step.
fn skipped<'a>(args: &[&'a str]) -> Result<Vec<&'a str>> {
    args.chunks(2)
        .map(|pair| match *pair {
            ["--skip", name] if STEPS.iter().any(|step| step.0 == name) => Ok(name),
            _ => {
                let names: Vec<_> = STEPS.iter().map(|step| step.0).collect();
                Err(format!("cargo xtask ci [--skip STEP]..\nsteps: {}", names.join(" ")).into())
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_can_be_skipped() {
        assert_eq!(skipped(&[]).unwrap(), [""; 0]);
        assert_eq!(skipped(&["--skip", "tsan", "--skip", "fmt"]).unwrap(), ["tsan", "fmt"]);
        for wrong in [&["--skip", "everything"][..], &["--skip"], &["fmt"]] {
            assert!(skipped(wrong).is_err(), "{wrong:?}");
        }
    }
}
