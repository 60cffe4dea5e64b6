//! Where unsafe code stands, and how much of it there is.

use crate::{
    Result,
    source::{self, Source},
};
use std::{collections::BTreeMap, fmt};

/// The modules that may have any. Tests may too: they are counted apart.
const ROOMS: [&str; 6] = [
    "crates/evergreen-io/src/io/tty/former",
    "crates/evergreen-loop/src/entry",
    "crates/evergreen-loop/src/fork",
    "crates/evergreen-loop/src/selector",
    "crates/evergreen-loop/src/signals",
    "crates/evergreen-task/src/raw",
];

pub(crate) fn run() -> Result {
    let (mut library, mut tests) = (Count::default(), Count::default());
    let mut outside = Vec::new();
    for dir in ["crates", "examples", "spikes", "xtask"] {
        for source in source::read_all(dir)? {
            let places = places(&source);
            if places.is_empty() {
                continue;
            }
            let mut count = Count::default();
            for &(line, kind) in &places {
                println!("{}:{line}: {kind}", source.path);
                count.add(kind, 1);
            }
            println!("{}: {count}", source.path);
            let sum = if is_test(&source) { &mut tests } else { &mut library };
            count.0.iter().for_each(|(kind, n)| sum.add(kind, *n));
            if !may_have_any(&source) {
                outside.push(source.path);
            }
        }
    }
    println!("in tests: {tests}");
    println!("in all but tests: {library}");
    if outside.is_empty() {
        return Ok(());
    }
    Err(format!("unsafe code outside its rooms: {}", outside.join(", ")).into())
}

/// How many of each kind.
#[derive(Default)]
struct Count(BTreeMap<&'static str, usize>);

impl Count {
    fn add(&mut self, kind: &'static str, n: usize) {
        *self.0.entry(kind).or_default() += n;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.values().sum::<usize>())?;
        self.0.iter().try_for_each(|(kind, n)| write!(f, ", {kind} {n}"))
    }
}

/// Line and kind of every use of the keyword.
fn places(source: &Source) -> Vec<(usize, &'static str)> {
    let places = source.find("unsafe");
    places.filter_map(|(line, after)| Some((line, kind(after.trim_start())?))).collect()
}

/// `None` where the keyword is only spoken of, as macros do in `Token![unsafe]`.
fn kind(after: &str) -> Option<&'static str> {
    match after.split(|c: char| !c.is_alphanumeric()).next() {
        Some("impl") => Some("impl"),
        Some("fn" | "trait" | "extern") => Some("fn or trait"),
        _ if after.starts_with('{') => Some("block"),
        _ if after.starts_with('(') => Some("attribute"),
        _ => None,
    }
}

fn is_test(source: &Source) -> bool {
    source.path.split('/').any(|part| part == "tests" || part == "benches")
}

fn may_have_any(source: &Source) -> bool {
    is_test(source) || ROOMS.iter().any(|room| source.is_in(room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_apart() {
        let source = Source::new(
            "a.rs",
            "#![allow(unsafe_code)]
            // unsafe in a comment
            /// # Safety: unsafe in a doc
            unsafe fn f(s: &str) { s == \"unsafe\"; unsafe {} }
            unsafe impl Send for A {}
            let x = unsafe
                { g() };
            unsafe trait T {}
            #[unsafe(no_mangle)]
            type Keyword = Token![unsafe];",
        );
        assert_eq!(
            places(&source),
            [
                (4, "fn or trait"),
                (4, "block"),
                (5, "impl"),
                (6, "block"),
                (8, "fn or trait"),
                (9, "attribute"),
            ]
        );
    }

    #[test]
    fn counts_add_up() {
        let mut count = Count::default();
        count.add("block", 2);
        count.add("impl", 1);
        count.add("block", 1);
        assert_eq!(count.to_string(), "4, block 3, impl 1");
    }

    #[test]
    fn only_the_rooms_and_tests_may_have_any() {
        let may = |path: &str| may_have_any(&Source::new(path, ""));
        assert!(may("crates/evergreen-loop/src/entry.rs"));
        assert!(may("crates/evergreen-task/src/raw/cell.rs"));
        assert!(may("crates/evergreen-io/tests/fork.rs"));
        assert!(!may("crates/evergreen-io/src/net.rs"));
        assert!(!may("crates/evergreen-loop/src/entry_point.rs"));
        assert!(!may("examples/hello.rs"));
    }
}
