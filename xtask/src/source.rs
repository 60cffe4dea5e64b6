//! Rust source as the checks see it: code only.

use crate::Result;
use std::{fs, path::Path};

/// A source file whose comments and literals are blanked out; the lines are those of the file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root of the workspace.
    pub(crate) path: String,
    code: String,
}

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: &str) -> Self {
        Self { path: path.into(), code: code_of(text) }
    }

    /// Is this the module `base`: the file `base.rs`, or a file in the directory `base`?
    pub(crate) fn is_in(&self, base: &str) -> bool {
        let rest = self.path.strip_prefix(base);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// Where `word` stands as a whole: the number of the line, and the code that follows.
    pub(crate) fn find<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        self.code.match_indices(word).filter_map(move |(at, _)| {
            let (before, after) = (&self.code[..at], &self.code[at + word.len()..]);
            let runs_on = word.ends_with(is_name) && after.starts_with(is_name);
            let whole = !before.ends_with(is_name) && !runs_on;
            whole.then(|| (before.matches('\n').count() + 1, after))
        })
    }
}

/// Every `.rs` file below `dir`, ordered by path.
pub(crate) fn read_all(dir: &str) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    collect(Path::new(dir), &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn collect(dir: &Path, sources: &mut Vec<Source>) -> Result {
    for entry in fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source::new(path.display().to_string(), &fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(&code, rest),
            '\'' => character(rest),
            _ => 0,
        };
        if blank == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..blank].matches('\n'));
            rest = &rest[blank..];
        }
    }
    code
}

/// The length of the comment that `text` opens with; comments nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of the string that `text` opens with; `before` tells whether it is a raw one.
fn string(before: &str, text: &str) -> usize {
    let prefix = before.trim_end_matches('#');
    let word = prefix.rsplit(|c| !is_name(c)).next();
    if matches!(word, Some("r" | "br" | "cr")) {
        let close = format!("\"{}", "#".repeat(before.len() - prefix.len()));
        return text[1..].find(&close).map_or(text.len(), |at| 1 + at + close.len());
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// The length of the character literal that `text` opens with; 0 if it is a lifetime.
fn character(text: &str) -> usize {
    let mut inside = text[1..].char_indices();
    match (inside.next(), inside.next()) {
        // The character after the backslash may itself be a quote.
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or(0, |at| 3 + at + 1),
        (Some(_), Some((at, '\''))) => 1 + at + 1,
        _ => 0,
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_with(word: &str, text: &str) -> Vec<usize> {
        Source::new("a.rs", text).find(word).map(|(line, _)| line).collect()
    }

    #[test]
    fn comments_do_not_count() {
        let text = "// unsafe\n/// unsafe\n/* unsafe\n /* unsafe */ unsafe */ unsafe\n";
        assert_eq!(lines_with("unsafe", text), [4]);
    }

    #[test]
    fn literals_do_not_count() {
        let text = r###"
            "unsafe \" unsafe" b"unsafe" unsafe
            r"unsafe \" unsafe
            r#"unsafe " unsafe"# br##"unsafe "# unsafe"## cr"unsafe" unsafe
            '"' unsafe '\'' unsafe '\u{22}' b'\\' unsafe
            "unsafe
            unsafe" unsafe
        "###;
        assert_eq!(lines_with("unsafe", text), [2, 3, 4, 5, 5, 5, 7]);
    }

    #[test]
    fn lifetimes_open_no_literal() {
        assert_eq!(lines_with("unsafe", "fn f<'a>(x: &'a u8, y: &'a u8) { unsafe {} }"), [1]);
    }

    #[test]
    fn words_are_found_whole() {
        let text = "unsafe_code my_unsafe\nunsafe\nunsafe{";
        assert_eq!(lines_with("unsafe", text), [2, 3]);
        assert_eq!(lines_with("epoll::", "use rustix::event::epoll::{add};\nmy_epoll::add()"), [1]);
    }

    #[test]
    fn a_module_is_a_file_or_a_directory() {
        let is_in = |path: &str| Source::new(path, "").is_in("src/raw");
        assert!(is_in("src/raw.rs") && is_in("src/raw/cell.rs"));
        assert!(!is_in("src/raw_pointers.rs") && !is_in("src/task.rs"));
    }
}
