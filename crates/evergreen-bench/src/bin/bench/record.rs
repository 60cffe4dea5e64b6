//! Raw figures, kept as JSON, and medians of them.

use crate::scenario::Scenario;
use evergreen_bench::Figures;
use serde_json::{Value, json};
use std::{
    error::Error,
    fmt, fs,
    path::Path,
    process::Command,
    thread::available_parallelism,
    time::{SystemTime, UNIX_EPOCH},
};

/// One measurement of one peer: its figures, or why there are none.
pub(crate) struct Record {
    pub(crate) peer: String,
    pub(crate) scenario: String,
    pub(crate) round: u32,
    pub(crate) outcome: Result<Figures, String>,
}

/// Everything that was measured in one go, and on what.
pub(crate) struct Run {
    /// Facts about the machine, by name.
    pub(crate) machine: Value,
    pub(crate) records: Vec<Record>,
}

impl Record {
    pub(crate) fn new(
        peer: &str,
        scenario: &str,
        round: u32,
        outcome: Result<Figures, String>,
    ) -> Self {
        Self { peer: peer.to_owned(), scenario: scenario.to_owned(), round, outcome }
    }

    fn to_json(&self) -> Value {
        let (key, value) = match &self.outcome {
            Ok(figures) => ("figures", json!(figures.0)),
            Err(error) => ("error", json!(error)),
        };
        json!({ "peer": self.peer, "scenario": self.scenario, "round": self.round, key: value })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let outcome = match value["figures"].as_object() {
            Some(figures) => {
                let figures = figures
                    .iter()
                    .map(|(name, value)| value.as_f64().map(|value| (name.clone(), value)));
                Ok(Figures(figures.collect::<Option<_>>()?))
            },
            None => Err(text("error")?),
        };
        let round = u32::try_from(value["round"].as_u64()?).ok()?;
        Some(Self { peer: text("peer")?, scenario: text("scenario")?, round, outcome })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:17} {:13}", self.round, self.scenario, self.peer)?;
        match &self.outcome {
            Ok(figures) => figures.0.iter().try_for_each(|(k, v)| write!(f, " {k} {v:.1}")),
            Err(error) => write!(f, " {error}"),
        }
    }
}

impl Run {
    pub(crate) fn begin() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let machine = json!({
            "unix_time": unix,
            "cores": available_parallelism().map_or(0, usize::from),
            "processor": processor(),
            "kernel": first_line("/proc/sys/kernel/osrelease"),
            "rustc": rustc(),
            "load_before": first_line("/proc/loadavg"),
            "versions": versions(),
        });
        Self { machine, records: Vec::new() }
    }

    pub(crate) fn end(&mut self) {
        self.machine["load_after"] = json!(first_line("/proc/loadavg"));
    }

    pub(crate) fn to_json(&self) -> String {
        // One record a line, so that two runs can be compared by eye.
        let records: Vec<_> = self.records.iter().map(|r| format!("  {}", r.to_json())).collect();
        let records = records.join(",\n");
        format!("{{\n\"machine\": {:#},\n\"records\": [\n{records}\n]\n}}\n", self.machine)
    }

    pub(crate) fn load(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let value: Value = serde_json::from_str(&text)?;
        let records = value["records"].as_array().ok_or("it has no records")?;
        let records = records.iter().map(|r| Record::from_json(r).ok_or_else(|| r.to_string()));
        Ok(Self { machine: value["machine"].clone(), records: records.collect::<Result<_, _>>()? })
    }

    /// Leaves the records of these scenarios, and no others.
    pub(crate) fn of(mut self, scenarios: &[&Scenario]) -> Self {
        self.records.retain(|record| scenarios.iter().any(|s| s.name == record.scenario));
        self
    }

    /// The median over the rounds; `None` without a measurement.
    pub(crate) fn median(&self, peer: &str, scenario: &str, figure: &str) -> Option<f64> {
        let ours = self.records.iter().filter(|r| r.peer == peer && r.scenario == scenario);
        median(ours.filter_map(|r| r.outcome.as_ref().ok()?.get(figure)).collect())
    }
}

/// The median; with an even number of values, the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let said = output.map_or_else(|error| error.to_string().into_bytes(), |output| output.stdout);
    String::from_utf8_lossy(&said).trim().to_owned()
}

/// Of the runtimes, from the lock file that they are built with.
fn versions() -> Vec<String> {
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let packages = lock.split("[[package]]").filter_map(|package| {
        let field = |key: &str| {
            package
                .lines()
                .find_map(|l| l.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
        };
        Some((field("name")?, field("version")?))
    });
    let runtimes =
        ["evergreen-rt", "tokio", "async-executor", "async-io", "monoio", "compio", "glommio"];
    packages
        .filter(|(name, _)| runtimes.contains(name))
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(round: u32, cpu_ns: f64) -> Record {
        let figures = Figures([("cpu_ns".to_owned(), cpu_ns)].into());
        Record::new("tokio", "yield", round, Ok(figures))
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn a_run_comes_back_from_its_json() {
        let error = Err("no io_uring: \"refused\"".to_owned());
        let records =
            vec![record(1, 3.0), record(2, 5.0), Record::new("compio", "yield", 1, error)];
        let run = Run { machine: json!({ "cores": 2 }), records };
        let path =
            std::env::temp_dir().join(format!("evergreen-bench-{}.json", std::process::id()));
        fs::write(&path, run.to_json()).unwrap();
        let read = Run::load(&path);
        fs::remove_file(&path).unwrap();
        let read = read.unwrap();
        assert_eq!(read.machine, run.machine);
        assert_eq!(read.median("tokio", "yield", "cpu_ns"), Some(4.0));
        assert_eq!(read.records[2].outcome, run.records[2].outcome);
        assert_eq!(read.of(&[Scenario::find("ping_pong").unwrap()]).records.len(), 0);
    }
}
