//! Counts the instructions of the paths that every program walks, and compares them with
//! `instructions.txt`: `scripts/instructions`.
//!
//! This program runs itself under callgrind, for so many operations and for twice as many. The
//! difference leaves out what happens once, and is the same in every run of one build.

mod baseline;
mod callgrind;
mod operations;

use baseline::Baseline;
use operations::Operation;
use std::{env, error::Error, fs, process::Command, process::ExitCode};

const FILE: &str = "instructions.txt";

const USAGE: &str = "\
usage: scripts/instructions [--update]

Fails if an operation takes more instructions than instructions.txt says, beyond a tolerance; with
--update, writes what it has counted there.";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => compare(),
        ["--update"] => update(),
        ["run", name, count] => {
            operations::run(Operation::find(name).ok_or(USAGE)?, count.parse()?);
            Ok(ExitCode::SUCCESS)
        },
        _ => Err(USAGE.into()),
    }
}

fn compare() -> Result<ExitCode, Box<dyn Error>> {
    let baseline: Baseline = fs::read_to_string(FILE)?.parse()?;
    let counted = count_all()?;
    let rustc = rustc()?;
    print!("{}", baseline.table(&counted));
    if baseline.rustc != rustc {
        println!("counted with {rustc}; the baseline is of {}", baseline.rustc);
    }
    let faults = baseline.faults(&counted);
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn update() -> Result<ExitCode, Box<dyn Error>> {
    let baseline = Baseline { rustc: rustc()?, counts: count_all()? };
    fs::write(FILE, baseline.to_string())?;
    print!("{baseline}");
    Ok(ExitCode::SUCCESS)
}

/// Instructions for one operation of each kind.
fn count_all() -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let mut counts: Vec<(String, f64)> = Vec::new();
    for operation in Operation::ALL {
        let mut count = callgrind::instructions_of_one(operation)?;
        // What is cancelled was inserted before.
        if operation == Operation::TimerCancel {
            let insert = counts.iter().find(|(name, _)| name == Operation::TimerInsert.name());
            count -= insert.map_or(0.0, |(_, insert)| *insert);
        }
        counts.push((operation.name().to_owned(), count));
    }
    Ok(counts)
}

fn rustc() -> Result<String, Box<dyn Error>> {
    let output = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
