//! Whether every async method has a scenario.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn files(directory: &str) -> Vec<PathBuf> {
    let mut ahead = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    let mut found = Vec::new();
    while let Some(path) = ahead.pop() {
        if path.is_dir() {
            ahead.extend(fs::read_dir(&path).expect("readable").map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The type in the head of an `impl`: what stands behind `for`, else behind the parameters.
fn implemented(head: &str) -> &str {
    let head = head.rsplit_once(" for ").map_or(head, |(_, behind)| behind);
    let head = match head.strip_prefix("impl<") {
        Some(rest) => rest.split_once("> ").map_or(rest, |(_, behind)| behind),
        None => head.trim_start_matches("impl "),
    };
    head.split(['<', ' ', '{']).next().unwrap_or(head)
}

/// The name of a public function that is to be awaited.
fn awaited(line: &str) -> Option<&str> {
    let function = line.trim_start().strip_prefix("pub ")?;
    let to_await = ["-> impl Future", "-> impl Stream", "-> impl futures_core::Stream"];
    let name = match function.strip_prefix("async fn ") {
        Some(name) => name,
        None if to_await.iter().any(|gives| function.contains(gives)) => {
            function.split_once("fn ")?.1
        },
        None => return None,
    };
    name.split(['(', '<']).next()
}

/// All async methods and functions of a source, as `Type::method` and `function`.
fn methods(source: &str) -> Vec<String> {
    let mut subject = "";
    let mut found = Vec::new();
    for line in source.lines() {
        if line.starts_with("impl") {
            subject = implemented(line);
        } else if line == "}" {
            subject = "";
        }
        if let Some(name) = awaited(line) {
            let separator = if subject.is_empty() { "" } else { "::" };
            found.push(format!("{subject}{separator}{name}"));
        }
    }
    found
}

/// What the scenarios of a source are for.
fn scenarios(source: &str) -> Vec<String> {
    let calls = source.split("every_point(").skip(1);
    let names = calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split_once('"'));
    let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || "_:".contains(c));
    names.map(|(name, _)| name).filter(is_name).map(str::to_owned).collect()
}

fn all(directory: &str, of: impl Fn(&str) -> Vec<String>) -> BTreeSet<String> {
    let read = |path: PathBuf| fs::read_to_string(path).expect("readable");
    files(directory).into_iter().flat_map(|path| of(&read(path))).collect()
}

#[test]
fn every_async_method_has_a_scenario() {
    let methods = all("src", methods);
    let scenarios = all("tests/kill_points", scenarios);
    println!("{} async methods, {} with scenarios", methods.len(), scenarios.len());
    assert_eq!(methods, scenarios, "left: what there is; right: what is played");
}

#[test]
fn the_sources_are_read_right() {
    let source = "\
impl<T: Ord + 'static, S> QueueOf<T, S> {
    pub async fn put<A>(&self) {}
    pub fn stream(&self) -> impl Stream<Item = T> {}
    async fn own(&self) {}
}
impl<T> Run for Job<T> {
    pub async fn get(&self) {}
}
impl Lock {
    pub async fn lock(&self) -> Guard<'_> {}
}
pub async fn wait() {}
";
    let expected = ["QueueOf::put", "QueueOf::stream", "Job::get", "Lock::lock", "wait"];
    assert_eq!(methods(source), expected);
    assert_eq!(scenarios("every_point(\"A::b\", x); every_point(\n  \"c\", y)"), ["A::b", "c"]);
}
