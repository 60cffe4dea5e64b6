//! Who may depend on whom, and which module alone may call what.

use crate::{
    Result,
    source::{self, Source},
};
use serde_json::Value;
use std::process::Command;

/// The crates that others stand on, from the ground up. The arrows run one way only:
///
/// ```text
/// loop <- task <- sync <- io <- { asyncio, hub, tokio } <- evergreen (+ macros)
/// ```
const HOUSE: [&str; 8] = [
    "evergreen-loop",
    "evergreen-task",
    "evergreen-sync",
    "evergreen-io",
    "evergreen-asyncio",
    "evergreen-hub",
    "evergreen-tokio",
    "evergreen-macros",
];

const FACES: [&str; 3] = ["evergreen-asyncio", "evergreen-hub", "evergreen-tokio"];

/// Nobody stands on these, and they may use anything.
const TOOLS: [&str; 4] = ["evergreen-bench", "evergreen-examples", "evergreen-interop", "xtask"];

/// What `name` may depend on, if it has a place in the house.
fn ground(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "evergreen-loop" | "evergreen-macros" => &[],
        "evergreen-task" => &HOUSE[..1],
        "evergreen-sync" | "evergreen-testing" => &HOUSE[..2],
        "evergreen-io" => &HOUSE[..3],
        "evergreen-asyncio" | "evergreen-hub" | "evergreen-tokio" => &HOUSE[..4],
        "evergreen-rt" => &HOUSE,
        _ => return None,
    })
}

/// Calls that only one module may make, so that a test can put something else in its place.
struct Seam {
    calls: &'static [&'static str],
    home: &'static str,
    rule: &'static str,
}

const SEAMS: [Seam; 4] = [
    Seam {
        calls: &["Instant::now", "SystemTime::now"],
        home: "crates/evergreen-loop/src/clock",
        rule: "only the clock reads the time",
    },
    Seam {
        calls: &["thread::sleep"],
        home: "crates/evergreen/src/lib/thread",
        rule: "only what is there to block a thread does",
    },
    Seam {
        calls: &["polling::", "epoll::"],
        home: "crates/evergreen-loop/src/selector",
        rule: "only the selector touches the poller",
    },
    Seam {
        calls: &["async_task"],
        home: "crates/evergreen-task/src/raw",
        rule: "only raw touches async-task",
    },
];

pub(crate) fn run() -> Result {
    let metadata =
        Command::new("cargo").args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    if !metadata.status.success() {
        return Err(String::from_utf8_lossy(&metadata.stderr).into());
    }
    let mut faults = false_arrows(&serde_json::from_slice(&metadata.stdout)?);
    faults.extend(source::read_all("crates")?.iter().filter(|s| is_ours(s)).flat_map(broken_seams));
    if faults.is_empty() {
        println!("layers: every arrow runs the right way, every seam is whole");
        return Ok(());
    }
    Err(faults.join("\n").into())
}

fn false_arrows(metadata: &Value) -> Vec<String> {
    let packages = || metadata["packages"].as_array().into_iter().flatten();
    let name = |value: &'_ Value| value["name"].as_str().unwrap_or_default().to_owned();
    let ours: Vec<String> = packages().map(name).collect();
    let mut faults = Vec::new();
    for package in packages() {
        let from = name(package);
        if TOOLS.contains(&&*from) {
            continue;
        }
        let Some(below) = ground(&from) else {
            faults.push(format!("{from} has no place in the house: xtask/src/layers.rs gives one"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = name(dependency);
            let dev = dependency["kind"] == "dev";
            if !ours.contains(&to) {
                continue;
            }
            if FACES.contains(&&*from) && FACES.contains(&&*to) {
                faults.push(format!("{from} depends on {to}: faces never depend on each other"));
            } else if !dev && !below.contains(&&*to) {
                let rule = match below {
                    [] => "nothing of ours".to_owned(),
                    _ => format!("{} only", below.join(", ")),
                };
                faults.push(format!("{from} depends on {to}: it may stand on {rule}"));
            }
        }
    }
    faults
}

/// The library part of a crate of the house; a bench may read the time as it likes.
fn is_ours(source: &Source) -> bool {
    let mut path = source.path.split('/').skip(1);
    path.next().is_some_and(|name| !TOOLS.contains(&name)) && path.next() == Some("src")
}

fn broken_seams(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for seam in SEAMS.iter().filter(|seam| !source.is_in(seam.home)) {
        for call in seam.calls {
            faults.extend(source.find(call).map(|(line, _)| {
                format!("{}:{line}: {call}: {} ({})", source.path, seam.rule, seam.home)
            }));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The faults of a workspace of all our crates with one dependency added.
    fn faults_of(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        let crates = HOUSE.iter().chain(&TOOLS).chain(&["evergreen-rt", "evergreen-testing"]);
        let packages: Vec<Value> = crates
            .map(|name| match *name == from {
                true => json!({"name": name, "dependencies": [{"name": to, "kind": kind}]}),
                false => json!({"name": name, "dependencies": []}),
            })
            .collect();
        false_arrows(&json!({ "packages": packages }))
    }

    #[test]
    fn arrows_of_the_picture_pass() {
        for (from, to) in [
            ("evergreen-task", "evergreen-loop"),
            ("evergreen-io", "evergreen-loop"),
            ("evergreen-hub", "evergreen-io"),
            ("evergreen-rt", "evergreen-macros"),
            ("evergreen-rt", "evergreen-hub"),
            ("evergreen-testing", "evergreen-task"),
            ("evergreen-bench", "evergreen-rt"),
            ("evergreen-loop", "libc"),
        ] {
            assert_eq!(faults_of(from, to, None), [""; 0], "{from} -> {to}");
        }
    }

    #[test]
    fn any_other_arrow_fails_and_names_both_ends() {
        for (from, to) in [
            ("evergreen-loop", "evergreen-task"),
            ("evergreen-sync", "evergreen-io"),
            ("evergreen-io", "evergreen-hub"),
            ("evergreen-hub", "evergreen-rt"),
            ("evergreen-hub", "evergreen-asyncio"),
            ("evergreen-macros", "evergreen-loop"),
            ("evergreen-task", "evergreen-macros"),
            ("evergreen-testing", "evergreen-sync"),
            ("evergreen-rt", "evergreen-testing"),
            ("evergreen-task", "xtask"),
        ] {
            for kind in [None, Some("build")] {
                let faults = faults_of(from, to, kind);
                assert_eq!(faults.len(), 1, "{from} -> {to}");
                assert!(faults[0].starts_with(&format!("{from} depends on {to}: ")), "{faults:?}");
            }
        }
    }

    #[test]
    fn dev_dependencies_are_free_but_between_faces() {
        assert_eq!(faults_of("evergreen-loop", "evergreen-testing", Some("dev")), [""; 0]);
        let faults = faults_of("evergreen-tokio", "evergreen-hub", Some("dev"));
        assert_eq!(
            faults,
            ["evergreen-tokio depends on evergreen-hub: faces never depend on each other"]
        );
    }

    #[test]
    fn a_crate_without_a_place_fails() {
        let faults = false_arrows(&json!({"packages": [{"name": "evergreen-utils"}]}));
        assert!(faults[0].starts_with("evergreen-utils has no place"), "{faults:?}");
    }

    #[test]
    fn a_call_past_its_seam_fails() {
        for (path, line) in [
            ("crates/evergreen-io/src/net.rs", "let t = std::time::Instant::now();"),
            ("crates/evergreen-loop/src/turn.rs", "thread::sleep(tick);"),
            ("crates/evergreen-loop/src/turn.rs", "use std::time; time::SystemTime::now();"),
            ("crates/evergreen-loop/src/inbox.rs", "use polling::Poller;"),
            ("crates/evergreen-loop/src/sources.rs", "rustix::event::epoll::add(fd);"),
            ("crates/evergreen-task/src/task.rs", "use async_task::Runnable;"),
        ] {
            let source = Source::new(path, &format!("//! async_task, polling::Poller\n{line}\n"));
            let faults = broken_seams(&source);
            assert_eq!(faults.len(), 1, "{line}");
            assert!(faults[0].starts_with(&format!("{path}:2: ")), "{faults:?}");
        }
    }

    #[test]
    fn a_call_in_its_home_passes() {
        for (path, line) in [
            ("crates/evergreen-loop/src/clock.rs", "Instant::now();"),
            ("crates/evergreen/src/lib/thread.rs", "thread::sleep(length);"),
            ("crates/evergreen-loop/src/selector/linux.rs", "use polling::Poller; epoll::add();"),
            ("crates/evergreen-task/src/raw.rs", "use async_task::Runnable;"),
        ] {
            assert_eq!(broken_seams(&Source::new(path, line)), [""; 0]);
        }
    }

    #[test]
    fn seams_bind_the_libraries_and_nothing_else() {
        let bound = |path: &str| is_ours(&Source::new(path, ""));
        assert!(bound("crates/evergreen-io/src/net/tcp.rs"));
        assert!(!bound("crates/evergreen-io/tests/tcp.rs"));
        assert!(!bound("crates/evergreen-bench/src/main.rs"));
    }
}
