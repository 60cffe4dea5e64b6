//! Whether every async method has a scenario.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn files(directory: &str) -> Vec<PathBuf> {
    let mut ahead = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    let mut found = Vec::new();
    while let Some(path) = ahead.pop() {
        if path.is_dir() {
            ahead.extend(
                fs::read_dir(&path).expect("readable").map(|entry| entry.expect("readable").path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The type in the head of an `impl`: what stands behind `for`, else behind the parameters.
fn implemented(head: &str) -> &str {
    let head = match head.rsplit_once(" for ") {
        Some((_, behind)) => behind,
        None if head.starts_with("impl<") => head.split_once("> ").map_or(head, |(_, rest)| rest),
        None => head.trim_start_matches("impl "),
    };
    name(head)
}

fn name(code: &str) -> &str {
    code.split(|c: char| c != '_' && !c.is_alphanumeric()).next().unwrap_or(code)
}

/// The name of a function that is public and to be awaited.
fn awaited(head: &str) -> Option<&str> {
    let function = head.strip_prefix("pub ")?;
    let gives_future = ["-> impl Future", "-> impl Stream"].iter().any(|it| function.contains(it));
    let (before, behind) = function.split_once("fn ")?;
    (before == "async " || gives_future).then(|| name(behind))
}

/// Heads of `impl`s and of what is public, and the ends of what is not indented.
fn heads(source: &str) -> Vec<&str> {
    let mut heads = Vec::new();
    let mut rest = source;
    while let Some((line, behind)) = rest.split_once('\n') {
        if line.starts_with("impl") || line.trim_start().starts_with("pub ") {
            heads.extend(rest.trim_start().split(['{', ';']).next());
        } else if line == "}" {
            heads.push(line);
        }
        rest = behind;
    }
    heads
}

/// All that is public and awaited, of a source: `Type::method`, `function`, and `Type` for futures,
/// streams and sinks.
fn methods(source: &str) -> Vec<String> {
    let mut subject = "";
    let mut found = Vec::new();
    for head in heads(source) {
        if head.starts_with("impl") {
            subject = implemented(head);
            let traits = [" Future for ", " Stream for ", " Sink<T> for "];
            let is_awaited = traits.iter().any(|it| head.contains(it));
            let is_public = source.contains(&format!("pub struct {subject}"));
            found.extend((is_awaited && is_public).then(|| subject.to_owned()));
        } else if head == "}" {
            subject = "";
        } else if let Some(name) = awaited(head) {
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
pub struct Get<T>(T);
pub(crate) struct Wait;
impl<T: Ord + 'static, S> QueueOf<T, S> {
    pub async fn put<A>(&self) {}
    pub fn stream(
        &self,
        limit: u8,
    ) -> impl Stream<Item = T> {
    }
    async fn own(&self) {}
}
impl<T> Future for Get<T> {
}
impl<S: Deref<Target: Grants>> Future for Wait<S> {
}
impl Lock {
    pub async fn lock(&self) -> Guard<'_> {}
}
pub async fn wait() {}
";
    let expected = ["QueueOf::put", "QueueOf::stream", "Get", "Lock::lock", "wait"];
    assert_eq!(methods(source), expected);
    assert_eq!(scenarios("every_point(\"A::b\", x); every_point(\n  \"c\", y)"), ["A::b", "c"]);
}
