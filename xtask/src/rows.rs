//! Which tests show which rows of the specification.

use crate::Result;
use std::{collections::BTreeMap, fs, path::Path};

/// Every row, and the tests that cite it.
type Table = BTreeMap<String, Vec<String>>;

/// Prints the rows of the specification at `path` that belong to a family, such as `EV`, and fails if
/// one of them is cited nowhere.
pub(crate) fn run(path: &str, family: &str) -> Result {
    let spec = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut table: Table = defined(&spec, family).map(|row| (row, Vec::new())).collect();
    if table.is_empty() {
        return Err(format!("{path} defines no row of the family {family}").into());
    }
    for dir in ["crates", "examples"] {
        cite_all(Path::new(dir), &mut table)?;
    }
    println!("| row | tests |\n| --- | --- |");
    for (row, tests) in &table {
        println!("| {row} | {} |", tests.join(", "));
    }
    let missing: Vec<_> = table.iter().filter(|(_, tests)| tests.is_empty()).collect();
    println!("\n{} rows, {} of them cited", table.len(), table.len() - missing.len());
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<_> = missing.into_iter().map(|(row, _)| row.as_str()).collect();
    Err(format!("no test cites {}", missing.join(", ")).into())
}

/// A row is defined where its id stands in bold.
fn defined<'a>(spec: &'a str, family: &'a str) -> impl Iterator<Item = String> + 'a {
    let bold = spec.split("**").skip(1).step_by(2);
    bold.filter(move |id| is_row(id, family)).map(str::to_owned)
}

fn is_row(id: &str, family: &str) -> bool {
    let parts: Vec<_> = id.split('-').collect();
    matches!(parts[..], [own, kind, number]
        if own == family && kind.bytes().all(|byte| byte.is_ascii_uppercase()) && is_number(number))
}

fn is_number(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn cite_all(path: &Path, table: &mut Table) -> Result {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            if !path.ends_with("target") {
                cite_all(&path, table)?;
            }
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let file = path.strip_prefix("crates").unwrap_or(path).with_extension("");
        cite(&file.display().to_string(), &fs::read_to_string(path)?, table);
    }
    Ok(())
}

/// Notes under each row the tests of one file. A comment speaks of the test that follows it, or of an
/// assertion about types; what the file opens with, of all of it.
fn cite(file: &str, text: &str, table: &mut Table) {
    let (mut of_file, mut comment) = (String::new(), String::new());
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if let Some(line) = line.strip_prefix("//!") {
            of_file.push_str(line);
            of_file.push(' ');
        } else if let Some(line) = line.strip_prefix("//") {
            comment.push_str(line);
            comment.push(' ');
        } else if line.starts_with("#[") {
            is_test |= line.contains("test");
        } else {
            if let Some(name) = function(line).filter(|_| is_test) {
                note(&comment, &format!("{file}::{name}"), table);
            } else if line.starts_with("assert_") {
                note(&comment, file, table);
            }
            comment.clear();
            is_test = false;
        }
    }
    note(&of_file, file, table);
}

fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    matches!(before, "" | "async ").then(|| rest.split(['(', '<']).next().unwrap_or(rest))
}

/// The rows that a comment names: `EV-TASK-11`, `EV-TASK-11, -12`, and `EV-TASK-11 to -13`.
fn note(comment: &str, test: &str, table: &mut Table) {
    let separators = [' ', ',', '.', ':', ';', '(', ')', '`'];
    let words: Vec<_> = comment.split(separators).filter(|word| !word.is_empty()).collect();
    let mut prefix = "";
    for (place, word) in words.iter().enumerate() {
        let Some((own, number)) = numbered(word) else { continue };
        prefix = if own.is_empty() { prefix } else { own };
        let first = match words[..place] {
            [.., from, "to"] => numbered(from).filter(|(from, _)| [prefix, ""].contains(from)),
            _ => None,
        };
        for number in first.map_or(number, |(_, first)| first)..=number {
            note_one(&format!("{prefix}-{number:02}"), test, table);
        }
    }
}

/// What stands before the number of a row, and the number.
fn numbered(word: &str) -> Option<(&str, u8)> {
    let (prefix, number) = word.rsplit_once('-').filter(|(_, number)| is_number(number))?;
    Some((prefix, number.parse().ok()?))
}

fn note_one(row: &str, test: &str, table: &mut Table) {
    if let Some(tests) = table.get_mut(row).filter(|tests| !tests.iter().any(|it| it == test)) {
        tests.push(test.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cited(text: &str) -> Vec<(String, Vec<String>)> {
        let spec = "- **EV-A-01** one\n- **EV-A-02** EV-A-09, **EV-A-03**\n- **GEV-A-01** **bold** **EV-B-01**";
        let mut table: Table = defined(spec, "EV").map(|row| (row, Vec::new())).collect();
        assert_eq!(table.keys().collect::<Vec<_>>(), ["EV-A-01", "EV-A-02", "EV-A-03", "EV-B-01"]);
        cite("f", text, &mut table);
        table.into_iter().filter(|(_, tests)| !tests.is_empty()).collect()
    }

    fn row(id: &str, test: &str) -> (String, Vec<String>) {
        (id.to_owned(), vec![test.to_owned()])
    }

    #[test]
    fn a_comment_speaks_of_the_test_behind_it() {
        let text = "// EV-A-01, -02: so.\n#[cfg(x)]\n#[test]\nfn it() {\n// EV-B-01\n}";
        assert_eq!(cited(text), [row("EV-A-01", "f::it"), row("EV-A-02", "f::it")]);
    }

    #[test]
    fn a_range_names_each_row_from_one_to_another() {
        for text in ["EV-A-01 to -03", "EV-A-01 to EV-A-03", "EV-A-01 to\n//! -03, say"] {
            let text = format!("//! So: {text}.\nuse it;");
            assert_eq!(cited(&text), ["EV-A-01", "EV-A-02", "EV-A-03"].map(|id| row(id, "f")));
        }
        let text = "// EV-A-01 to\n// -02\n#[test]\nfn it() {}";
        assert_eq!(cited(text), ["EV-A-01", "EV-A-02"].map(|id| row(id, "f::it")));
        let text = "//! EV-A-01 comes to EV-A-03, EV-B-01 to EV-A-03; GEV-A-01, -02";
        assert_eq!(cited(text), ["EV-A-01", "EV-A-03", "EV-B-01"].map(|id| row(id, "f")));
    }

    #[test]
    fn what_is_no_test_shows_nothing() {
        assert_eq!(cited("// EV-A-01\nfn it() {}\n// GEV-A-01\n#[test]\nfn other() {}"), []);
    }

    #[test]
    fn types_are_asserted_outside_of_tests() {
        assert_eq!(cited("// EV-A-01\nassert_impl_all!(u8: Send);"), [row("EV-A-01", "f")]);
    }

    #[test]
    fn the_head_of_a_file_speaks_of_all_of_it() {
        assert_eq!(cited("//! `It`: EV-B-01."), [row("EV-B-01", "f")]);
    }
}
