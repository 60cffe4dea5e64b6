//! The table, as markdown.

use crate::{
    goals,
    peers::{self, BASE},
    record::{Run, median},
    scenario::{self, Figure, Scenario},
};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write};

pub(crate) fn draw(runs: &[Run]) -> String {
    [figures(runs), failures(runs), goals::draw(runs), machine(runs)].concat()
}

/// The median of the runs, of which each has the median of its rounds.
pub(crate) fn figure(runs: &[Run], peer: &str, scenario: &Scenario) -> Option<f64> {
    let name = scenario.figure().name;
    median(runs.iter().filter_map(|run| run.median(peer, scenario.name, name)).collect())
}

/// How many times what another peer takes. Both sides of a quotient are of the same run.
pub(crate) fn ratio(runs: &[Run], peer: &str, to: &str, scenario: &Scenario) -> Option<f64> {
    let name = scenario.figure().name;
    let of = |run: &Run| {
        Some(run.median(peer, scenario.name, name)? / run.median(to, scenario.name, name)?)
    };
    median(runs.iter().filter_map(of).collect())
}

/// Those of which the runs say anything, in the order of the table.
pub(crate) fn measured_peers(runs: &[Run]) -> Vec<&'static str> {
    let is_there = |name: &str| runs.iter().any(|run| run.records.iter().any(|r| r.peer == name));
    peers::ALL.iter().map(|peer| peer.name).filter(|name| is_there(name)).collect()
}

pub(crate) fn measured_scenarios(runs: &[Run]) -> impl Iterator<Item = &'static Scenario> {
    let is_there =
        |name: &str| runs.iter().any(|run| run.records.iter().any(|r| r.scenario == name));
    scenario::ALL.iter().filter(move |scenario| is_there(scenario.name))
}

fn figures(runs: &[Run]) -> String {
    let peers = measured_peers(runs);
    let mut text = format!("| | one operation | {} |\n", peers.join(" | "));
    let _ = writeln!(text, "| --- | --- |{}", " ---: |".repeat(peers.len()));
    for scenario in measured_scenarios(runs) {
        let _ = write!(text, "| `{}` | {} |", scenario.name, scenario.operation);
        for peer in &peers {
            let _ = write!(text, " {} |", cell(runs, peer, scenario));
        }
        text.push('\n');
    }
    text
}

fn cell(runs: &[Run], peer: &str, scenario: &Scenario) -> String {
    if !scenario.is_for(peer) {
        return String::new();
    }
    let Some(value) = figure(runs, peer, scenario) else {
        return "failed".to_owned();
    };
    let number = number(value, &scenario.figure());
    match ratio(runs, peer, BASE, scenario) {
        Some(ratio) if peer != BASE => format!("{number} ({ratio:.2})"),
        _ => number,
    }
}

pub(crate) fn number(value: f64, figure: &Figure) -> String {
    let digits = if value < 100.0 { figure.digits } else { 0 };
    format!("{value:.digits$} {}", figure.unit)
}

/// Every measurement that gave nothing, with its reason.
fn failures(runs: &[Run]) -> String {
    let mut reasons: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for record in runs.iter().flat_map(|run| &run.records) {
        if let Err(error) = &record.outcome {
            let of = reasons.entry((&record.peer, error)).or_default();
            *of.entry(&record.scenario).or_default() += 1;
        }
    }
    if reasons.is_empty() {
        return String::new();
    }
    let mut text = "\nWhat could not be measured:\n\n".to_owned();
    for ((peer, error), scenarios) in reasons {
        let scenarios: Vec<_> = scenarios.iter().map(|(s, n)| format!("`{s}` ({n}x)")).collect();
        let _ = writeln!(text, "- {peer}, {}: {error}", scenarios.join(", "));
    }
    text
}

/// On what each run was made, and how busy that was.
fn machine(runs: &[Run]) -> String {
    let mut text = String::new();
    for (number, run) in runs.iter().enumerate() {
        let machine = &run.machine;
        let of = |key: &str| machine[key].as_str().unwrap_or("unknown");
        let load = |key: &str| of(key).split(' ').next().unwrap_or_default().to_owned();
        let rounds = run.records.iter().map(|record| record.round).max().unwrap_or(0);
        let _ = writeln!(
            text,
            "{}- Run {}: rounds {rounds}, {} x {}, Linux {}, {}, load {} to {}; {}.",
            if number == 0 { "\n" } else { "" },
            number + 1,
            machine["cores"],
            of("processor"),
            of("kernel"),
            of("rustc"),
            load("load_before"),
            load("load_after"),
            versions(&machine["versions"]),
        );
    }
    text
}

fn versions(list: &Value) -> String {
    let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{peers::OURS, record::Record};
    use evergreen_bench::Figures;
    use serde_json::json;

    fn run(ours: &[f64], base: &[f64]) -> Run {
        let record = |peer, round, value| {
            let figures = Figures([("cpu_ns".to_owned(), value)].into());
            Record::new(peer, "timers_cancel", round, Ok(figures))
        };
        let all = [(OURS, ours), (BASE, base)];
        let records = all.iter().flat_map(|(peer, values)| {
            values.iter().zip(1..).map(|(value, round)| record(peer, round, *value))
        });
        Run { machine: json!({}), records: records.collect() }
    }

    #[test]
    fn a_cell_has_the_median_and_the_ratio_to_the_base() {
        let table = draw(&[run(&[30.0, 90.0, 20.0], &[100.0, 120.0, 70.0])]);
        assert!(table.contains("| 30.0 ns (0.30) | 100 ns |"), "{table}");
        assert!(table.contains("| `timers_cancel` | 0.4 of tokio | 0.30 | reached |"), "{table}");
    }

    #[test]
    fn ratios_of_several_runs_are_each_of_one_run() {
        let runs = [run(&[10.0], &[20.0]), run(&[100.0], &[100.0]), run(&[9.0], &[10.0])];
        let table = draw(&runs);
        assert!(table.contains("| 10.0 ns (0.90) | 20.0 ns |"), "{table}");
        assert!(table.contains("0.90 | missed |"), "{table}");
    }

    #[test]
    fn a_peer_that_cannot_run_is_named_with_its_reason() {
        let mut run = run(&[30.0], &[100.0]);
        run.records.push(Record::new("glommio", "timers_cancel", 1, Err("no memory".to_owned())));
        let table = draw(&[run]);
        assert!(table.contains("| failed |"), "{table}");
        assert!(table.contains("- glommio, `timers_cancel` (1x): no memory"), "{table}");
    }
}
