//! The counts that are checked in, and how far the present ones may be from them.

use std::{fmt, fmt::Write, str::FromStr};

/// Three in a hundred. The same source gives the same count; this is room for a change that is
/// worth a handful of instructions, and for the next compiler.
const TOLERANCE: f64 = 0.03;

/// Instructions for one operation, in the order of the file.
pub(crate) struct Baseline {
    /// What it was counted with.
    pub(crate) rustc: String,
    pub(crate) counts: Vec<(String, f64)>,
}

impl Baseline {
    fn of(&self, name: &str) -> Option<f64> {
        self.counts.iter().find(|(known, _)| known == name).map(|(_, count)| *count)
    }

    /// A line for each count that is higher than it may be, or missing on either side.
    pub(crate) fn faults(&self, counted: &[(String, f64)]) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, count) in counted {
            match self.of(name) {
                None => faults.push(format!("{name}: not in the baseline")),
                Some(before) if change(before, *count) > TOLERANCE => faults.push(format!(
                    "{name}: {count:.1} instructions, more than {before:.1} by {:.1} %; {:.0} % are \
                     allowed",
                    change(before, *count) * 100.0,
                    TOLERANCE * 100.0,
                )),
                Some(_) => {},
            }
        }
        let gone = |name: &str| !counted.iter().any(|(counted, _)| counted == name);
        let gone = self.counts.iter().filter(|(name, _)| gone(name));
        faults.extend(gone.map(|(name, _)| format!("{name}: nothing counts it any more")));
        faults
    }

    pub(crate) fn table(&self, counted: &[(String, f64)]) -> String {
        let mut table = format!("{:14}{:>12}{:>12}{:>10}\n", "", "baseline", "now", "change");
        for (name, count) in counted {
            let Some(before) = self.of(name) else { continue };
            let change = change(before, *count);
            let percent = change * 100.0;
            let _ = write!(table, "{name:14}{before:12.1}{count:12.1}{percent:+9.1}%");
            // Left as it is, it would hide a later loss.
            table.push_str(match change {
                _ if change > TOLERANCE => "  too many\n",
                _ if change < -TOLERANCE => "  fewer: please run scripts/instructions --update\n",
                _ => "\n",
            });
        }
        table
    }
}

fn change(before: f64, now: f64) -> f64 {
    now / before - 1.0
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Instructions for one operation; written by scripts/instructions --update.")?;
        writeln!(f, "# {}", self.rustc)?;
        self.counts.iter().try_for_each(|(name, count)| writeln!(f, "{name} {count:.1}"))
    }
}

impl FromStr for Baseline {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut comments = text.lines().filter_map(|line| line.strip_prefix("# "));
        let rustc = comments.next_back().unwrap_or("an unknown compiler").to_owned();
        let counts = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.parse().ok().filter(|count| *count > 0.0)?))
        });
        let counts: Option<_> = counts.collect();
        Ok(Self { rustc, counts: counts.ok_or("a line of the baseline is not `NAME COUNT`")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Words.\n# rustc 1.85.0\nspawn 200.0\nwake 100.5\n";

    fn baseline() -> Baseline {
        FILE.parse().unwrap()
    }

    fn counted(spawn: f64, wake: f64) -> Vec<(String, f64)> {
        vec![("spawn".to_owned(), spawn), ("wake".to_owned(), wake)]
    }

    #[test]
    fn the_file_comes_back_as_it_was_written() {
        let again: Baseline = baseline().to_string().parse().unwrap();
        assert_eq!((again.rustc, again.counts), ("rustc 1.85.0".to_owned(), baseline().counts));
        for wrong in ["spawn", "spawn many", "spawn 0"] {
            assert!(wrong.parse::<Baseline>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_count_may_grow_by_the_tolerance_and_no_further() {
        assert_eq!(baseline().faults(&counted(205.9, 100.5)), [""; 0]);
        let faults = baseline().faults(&counted(206.1, 100.5));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("spawn: 206.1 instructions, more than 200.0"), "{faults:?}");
    }

    #[test]
    fn fewer_are_no_fault_but_ask_for_another_baseline() {
        let counted = counted(100.0, 99.5);
        assert_eq!(baseline().faults(&counted), [""; 0]);
        let table = baseline().table(&counted);
        assert_eq!(table.matches("--update").count(), 1, "{table}");
    }

    #[test]
    fn what_only_one_side_knows_is_a_fault() {
        assert_eq!(baseline().faults(&counted(200.0, 100.5)[..1]).len(), 1);
        let mut more = counted(200.0, 100.5);
        more.push(("timer".to_owned(), 1.0));
        assert_eq!(baseline().faults(&more).len(), 1);
    }
}
