//! What evergreen is held to, and whether it gets there.

use crate::{
    peers::OURS,
    record::Run,
    scenario::{Goal, Scenario},
    table,
};
use std::fmt::Write;

/// As a table; nothing if nothing was to be reached.
pub(crate) fn draw(runs: &[Run]) -> String {
    let mut text = String::new();
    for (scenario, goal) in all(runs) {
        if text.is_empty() {
            text.push_str("\n| | at most | measured | |\n| --- | ---: | ---: | --- |\n");
        }
        let (wanted, measured) = words(runs, scenario, goal);
        let verdict = match is_reached(runs, scenario, goal) {
            Some(true) => "reached",
            Some(false) => "missed",
            None => "not measured",
        };
        let _ = writeln!(text, "| `{}` | {wanted} | {measured} | {verdict} |", scenario.name);
    }
    text
}

pub(crate) fn all_are_reached(runs: &[Run]) -> bool {
    all(runs).all(|(scenario, goal)| is_reached(runs, scenario, goal) == Some(true))
}

/// Those of which the runs can say anything: a ratio to who was not asked is none.
fn all(runs: &[Run]) -> impl Iterator<Item = (&'static Scenario, Goal)> {
    let peers = table::measured_peers(runs);
    let can_be_told = move |goal: &Goal| match goal {
        Goal::Ratio { to, .. } => peers.contains(to),
        Goal::Figure(_) => true,
    };
    let scenarios = table::measured_scenarios(runs);
    let goals = scenarios.flat_map(|scenario| scenario.goals.iter().map(move |g| (scenario, *g)));
    goals.filter(move |(_, goal)| can_be_told(goal))
}

fn measured(runs: &[Run], scenario: &Scenario, goal: Goal) -> Option<f64> {
    match goal {
        Goal::Ratio { to, .. } => table::ratio(runs, OURS, to, scenario),
        Goal::Figure(_) => table::figure(runs, OURS, scenario),
    }
}

fn is_reached(runs: &[Run], scenario: &Scenario, goal: Goal) -> Option<bool> {
    let (Goal::Ratio { at_most, .. } | Goal::Figure(at_most)) = goal;
    measured(runs, scenario, goal).map(|measured| measured <= at_most)
}

/// What is wanted, and what there is.
fn words(runs: &[Run], scenario: &Scenario, goal: Goal) -> (String, String) {
    let figure = scenario.figure();
    let measured = measured(runs, scenario, goal);
    let word = |value: f64| match goal {
        Goal::Ratio { .. } => format!("{value:.2}"),
        Goal::Figure(_) => table::number(value, &figure),
    };
    let wanted = match goal {
        Goal::Ratio { to, at_most } => format!("{at_most} of {to}"),
        Goal::Figure(at_most) => format!("{at_most} {}", figure.unit),
    };
    (wanted, measured.map_or_else(|| "-".to_owned(), word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        peers::{BASE, FLOOR},
        record::Record,
    };
    use evergreen_bench::Figures;
    use serde_json::json;

    type Measured = (&'static str, &'static str, &'static str, f64);

    fn run(all: &[Measured]) -> Run {
        let record = |(peer, scenario, figure, value): &Measured| {
            Record::new(peer, scenario, 1, Ok(Figures([((*figure).to_owned(), *value)].into())))
        };
        Run { machine: json!({}), records: all.iter().map(record).collect() }
    }

    #[test]
    fn each_goal_has_a_line_and_one_that_is_missed_is_a_failure() {
        let echo = |peer, value| (peer, "echo_1", "cpu_ns", value);
        let runs = [run(&[echo(OURS, 102.0), echo(BASE, 100.0), echo(FLOOR, 100.0)])];
        let table = draw(&runs);
        assert!(table.contains("| `echo_1` | 1.03 of epoll | 1.02 | reached |"), "{table}");
        assert!(table.contains("| `echo_1` | 1 of tokio | 1.02 | missed |"), "{table}");
        assert!(!all_are_reached(&runs));
        assert!(all_are_reached(&[run(&[echo(OURS, 102.0), echo(FLOOR, 100.0)])]));
    }

    #[test]
    fn a_figure_has_its_unit() {
        let runs = [run(&[(OURS, "calls_1", "calls", 3.0), (OURS, "mem_tasks", "bytes", 288.4)])];
        let table = draw(&runs);
        assert!(table.contains("| `calls_1` | 3.02 calls | 3.00 calls | reached |"), "{table}");
        assert!(table.contains("| `mem_tasks` | 350 bytes | 288 bytes | reached |"), "{table}");
    }

    #[test]
    fn half_a_system_call_more_is_too_many() {
        for (scenario, calls) in [("calls_1", 3.0), ("calls_1000", 2.015), ("calls_churn", 7.1)] {
            assert!(all_are_reached(&[run(&[(OURS, scenario, "calls", calls)])]), "{scenario}");
            assert!(!all_are_reached(&[run(&[(OURS, scenario, "calls", calls + 0.5)])]));
        }
    }

    #[test]
    fn what_failed_is_not_reached() {
        let mut runs = [run(&[])];
        assert_eq!(draw(&runs), "");
        runs[0].records.push(Record::new(OURS, "calls_1", 1, Err("no strace".to_owned())));
        assert!(draw(&runs).contains("| `calls_1` | 3.02 calls | - | not measured |"));
        assert!(!all_are_reached(&runs));
    }
}
