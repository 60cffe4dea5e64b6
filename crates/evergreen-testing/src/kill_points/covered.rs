//! Whether every async method has a scenario.
#![allow(clippy::print_stdout, reason = "what was counted")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Reads sources, and the scenarios for them: every async method must have one. Prints how many there
/// are. Paths begin at the directory of the package, where cargo runs its tests.
///
/// What counts is public and awaited: `Type::method`, also of a trait, `function`, and `Type` for
/// futures, streams and sinks. The scenarios are calls of [`every_point`](super::every_point) with a
/// name in place. A method that a macro makes is one of the type that each call names first. Sources
/// must be formatted as rustfmt does it.
///
/// ```no_run
/// # use evergreen_testing::kill_points::assert_covered;
/// #[test]
/// fn every_async_method_has_a_scenario() {
///     assert_covered("src", "tests/kill_points");
/// }
/// ```
///
/// # Panics
///
/// If a method has no scenario, a scenario no method, or a file cannot be read.
pub fn assert_covered(sources: impl AsRef<Path>, scenarios: impl AsRef<Path>) {
    let sources = read_all(sources.as_ref());
    let methods = sources.iter().flat_map(|source| methods(source));
    let methods: BTreeSet<_> = methods.flat_map(|method| unfolded(&method, &sources)).collect();
    let scenarios = read_all(scenarios.as_ref());
    let played: BTreeSet<_> = scenarios.iter().flat_map(|source| names(source)).collect();
    let covered = methods.intersection(&played).count();
    println!("{} async methods, {covered} with scenarios", methods.len());
    let differ: Vec<_> = methods.symmetric_difference(&played).collect();
    assert!(differ.is_empty(), "only a method or only a scenario: {differ:?}");
}

fn read_all(directory: &Path) -> Vec<String> {
    files(directory).iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The sources in a directory, however deep.
fn files(directory: &Path) -> Vec<PathBuf> {
    let (directories, files): (Vec<_>, Vec<_>) = entries(directory).partition(|path| path.is_dir());
    let is_source = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let deeper = directories.iter().flat_map(|directory| self::files(directory));
    files.into_iter().filter(is_source).chain(deeper).collect()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.expect("a directory that can be read").path())
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

/// The name of a function that is to be awaited.
fn awaited(function: &str) -> Option<&str> {
    let gives_future = ["-> impl Future", "-> impl Stream"].iter().any(|it| function.contains(it));
    let (before, behind) = function.split_once("fn ")?;
    (before == "async " || gives_future).then(|| name(behind))
}

/// The methods that a macro's method is, one for each call.
fn unfolded(method: &str, sources: &[String]) -> Vec<String> {
    let Some((of_macro, name_of_it)) = method.split_once("!::") else {
        return vec![method.to_owned()];
    };
    let call = format!("{of_macro}!(");
    let calls = sources.iter().flat_map(|source| source.split(&call).skip(1));
    calls.map(|arguments| format!("{}::{name_of_it}", name(arguments.trim_start()))).collect()
}

/// Heads of `impl`s, macros and functions, of what else is public, and the ends of what is not indented.
fn heads(source: &str) -> Vec<&str> {
    let mut heads = Vec::new();
    let mut rest = source;
    while let Some((line, behind)) = rest.split_once('\n') {
        let begins = ["pub ", "fn ", "async fn "];
        let is_outer = line.starts_with("impl") || line.starts_with("macro_rules! ");
        if is_outer || begins.iter().any(|it| line.trim_start().starts_with(it)) {
            heads.extend(rest.trim_start().split(['{', ';']).next());
        } else if line == "}" {
            heads.push(line);
        }
        rest = behind;
    }
    heads
}

/// All that is public and awaited, of a source: `Type::method`, `function`, `Type` for futures, streams
/// and sinks, and `macro!::method`.
fn methods(source: &str) -> Vec<String> {
    let (mut subject, mut is_trait) = (String::new(), false);
    let mut found = Vec::new();
    for head in heads(source) {
        let public = head.strip_prefix("pub ");
        if let Some(rest) = public.and_then(|public| public.strip_prefix("trait ")) {
            (subject, is_trait) = (name(rest).to_owned(), true);
        } else if let Some(rest) = head.strip_prefix("macro_rules! ") {
            subject = format!("{}!", name(rest));
        } else if head.starts_with("impl") {
            subject = implemented(head).to_owned();
            let traits = [" Future for ", " Stream for ", " Sink<T> for "];
            let is_awaited = traits.iter().any(|it| head.contains(it));
            let is_public = source.contains(&format!("pub struct {subject}"));
            found.extend((is_awaited && is_public).then(|| subject.clone()));
        } else if head == "}" {
            (subject, is_trait) = (String::new(), false);
        } else if let Some(name) = public.or(is_trait.then_some(head)).and_then(awaited) {
            let separator = if subject.is_empty() { "" } else { "::" };
            found.push(format!("{subject}{separator}{name}"));
        }
    }
    found
}

/// What the scenarios of a source are for.
fn names(source: &str) -> Vec<String> {
    let calls = source.split("every_point(").skip(1);
    let names = calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split_once('"'));
    let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || "_:".contains(c));
    names.map(|(name, _)| name).filter(is_name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
pub trait Reading: Sized {
    fn read(&self, n: usize) -> impl Future<Output = u8>;
    async fn skip(&self) {}
    fn is_open(&self) -> bool;
}
macro_rules! server {
    ($server:ident) => {
        impl $server {
            pub async fn serve(&self) {}
        }
    };
}
async fn own() {}
pub async fn wait() {}
";
        let expected = [
            "QueueOf::put",
            "QueueOf::stream",
            "Get",
            "Lock::lock",
            "Reading::read",
            "Reading::skip",
            "server!::serve",
            "wait",
        ];
        assert_eq!(methods(source), expected);
        let calls = ["server!(One, 1);\nserver!(\n    Two,\n);\n".to_owned()];
        assert_eq!(unfolded("server!::serve", &calls), ["One::serve", "Two::serve"]);
        assert_eq!(unfolded("wait", &calls), ["wait"]);
        assert_eq!(names("every_point(\"A::b\", x); every_point(\n  \"c\", y)"), ["A::b", "c"]);
    }
}
