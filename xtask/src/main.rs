//! The chores of the workspace: `cargo xtask <chore>`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod ci;
mod examples;
mod layers;
mod program;
mod rows;
mod source;
mod unsafe_count;

use std::{env, process::ExitCode};

/// What a chore ends with; the text goes to standard error.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
usage: cargo xtask <chore>

  ci [--skip STEP]..  everything that CI runs
  examples            build and run the examples and compare what they print
  layers              who may depend on whom, and who may call what
  rows SPEC FAMILY    which tests show which rows of a specification, as `EV` ones
  unsafe              where unsafe code stands, and how much of it there is";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = at_the_root().and_then(|()| match args[..] {
        ["ci", ref rest @ ..] => ci::run(rest),
        ["examples"] => examples::run(),
        ["layers"] => layers::run(),
        ["rows", spec, family] => rows::run(spec, family),
        ["unsafe"] => unsafe_count::run(),
        _ => Err(USAGE.into()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
    }
}

/// All paths below are relative to the root of the workspace.
fn at_the_root() -> Result {
    Ok(env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))?)
}
