//! What was asked for.

use crate::{
    peers::{self, Peer},
    scenario::{self, Scenario},
};

const USAGE: &str = "\
usage: scripts/bench [--peers A,B] [--rounds N] [--out NAME] [--check] [SCENARIO]..
       scripts/bench --from NAME,NAME.. --out NAME [--check] [SCENARIO]..

Measures all peers in all scenarios, or those that are named, in turns. Writes the table NAME.md,
the raw figures NAME.json and the chart NAME.svg to crates/evergreen-bench/results; NAME is `latest`
if it is not given. With --from, nothing is measured: the table is of the medians of those runs.
With --check, a goal that is missed or could not be measured is a failure.";

pub(crate) struct Options {
    pub(crate) peers: Vec<&'static Peer>,
    pub(crate) scenarios: Vec<&'static Scenario>,
    pub(crate) rounds: u32,
    pub(crate) out: String,
    /// Runs that are put together instead of measuring.
    pub(crate) from: Vec<String>,
    /// Fails if a goal is not reached.
    pub(crate) check: bool,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            peers: peers::ALL.iter().collect(),
            scenarios: Vec::new(),
            rounds: 5,
            out: "latest".to_owned(),
            from: Vec::new(),
            check: false,
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value\n\n{USAGE}"));
            match &*arg {
                "--peers" => options.peers = all(&value()?, "peer", Peer::find, &peer_names())?,
                "--rounds" => options.rounds = rounds(&value()?)?,
                "--out" => options.out = value()?,
                "--from" => options.from = value()?.split(',').map(str::to_owned).collect(),
                "--check" => options.check = true,
                _ if arg.starts_with('-') => return Err(USAGE.to_owned()),
                name => {
                    let names = scenario_names();
                    options.scenarios.extend(all(name, "scenario", Scenario::find, &names)?);
                },
            }
        }
        if options.scenarios.is_empty() {
            options.scenarios.extend(&scenario::ALL);
        }
        Ok(options)
    }
}

fn rounds(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(rounds @ 1..) => Ok(rounds),
        _ => Err(format!("`{text}` is not a number of rounds")),
    }
}

/// Those whose names stand in `text`, with commas in between.
fn all<T>(
    text: &str,
    kind: &str,
    find: fn(&str) -> Option<&'static T>,
    known: &[&str],
) -> Result<Vec<&'static T>, String> {
    let found = text.split(',').map(|name| find(name).ok_or(name)).collect::<Result<_, _>>();
    found.map_err(|name| format!("there is no {kind} {name}; there are {}", known.join(", ")))
}

fn peer_names() -> Vec<&'static str> {
    peers::ALL.iter().map(|peer| peer.name).collect()
}

fn scenario_names() -> Vec<&'static str> {
    scenario::ALL.iter().map(|scenario| scenario.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn everything_is_measured_unless_something_is_named() {
        let options = parse("").unwrap();
        assert_eq!((options.peers.len(), options.scenarios.len()), (9, 26));
        let options = parse("--peers tokio,evergreen yield --rounds 2 --out x").unwrap();
        let names: Vec<_> = options.peers.iter().map(|peer| peer.name).collect();
        assert_eq!(names, ["tokio", "evergreen"]);
        assert_eq!(options.scenarios[0].name, "yield");
        assert_eq!((options.scenarios.len(), options.rounds, &*options.out), (1, 2, "x"));
        assert!(!options.check && parse("--check yield").unwrap().check);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for wrong in ["--peers python", "sleep", "--rounds 0", "--rounds", "--fast"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
