//! This program under callgrind.

use crate::Operation;
use std::{env, error::Error, process::Command};

/// Enough that what grows by doubling weighs little, and few enough for a second.
const FEW: u64 = 20_000;
const MANY: u64 = 2 * FEW;

/// Each count is of two processes, one with twice the operations.
pub(crate) fn instructions_of_one(operation: Operation) -> Result<f64, Box<dyn Error>> {
    let (few, many) = (instructions(operation, FEW)?, instructions(operation, MANY)?);
    Ok((many - few) / (MANY - FEW) as f64)
}

fn instructions(operation: Operation, count: u64) -> Result<f64, Box<dyn Error>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(env::current_exe()?).args(["run", operation.name(), &count.to_string()]);
    let output = valgrind.output().map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind: {}\n{said}", output.status).into());
    }
    collected(&said).ok_or_else(|| format!("callgrind gave no count\n{said}").into())
}

/// The number in the line `==1234== Collected : 5678`.
fn collected(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_what_callgrind_says() {
        let said = "==7== \n==7== Events    : Ir\n==7== Collected : 5678\n==7== \n";
        assert_eq!(collected(said), Some(5678.0));
        assert_eq!(collected("==7== Collected : \n"), None);
        assert_eq!(collected(""), None);
    }
}
