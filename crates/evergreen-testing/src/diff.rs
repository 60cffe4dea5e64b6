//! Two lists of words, shown as one.

use std::fmt::Write;

/// The words of both lists, a line each: `-` before those that only `expected` has, `+` before those
/// that only `found` has. As few of these as can be.
pub(crate) fn diff(expected: &[&str], found: &[String]) -> String {
    let common = common_lengths(expected, found);
    let mut text = String::new();
    let (mut e, mut f) = (0, 0);
    while e < expected.len() || f < found.len() {
        let same = e < expected.len() && f < found.len() && expected[e] == found[f];
        let missing =
            f == found.len() || (e < expected.len() && common[e + 1][f] >= common[e][f + 1]);
        let (sign, word) = match (same, missing) {
            (true, _) => (' ', expected[e]),
            (false, true) => ('-', expected[e]),
            (false, false) => ('+', &*found[f]),
        };
        e += usize::from(same || missing);
        f += usize::from(same || !missing);
        // Writing to a string does not fail.
        writeln!(text, "  {sign} {word}").ok();
    }
    text
}

/// How many words the rests of the lists have in common and in order, from each pair of places on.
fn common_lengths(expected: &[&str], found: &[String]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; found.len() + 1]; expected.len() + 1];
    for e in (0..expected.len()).rev() {
        for f in (0..found.len()).rev() {
            lengths[e][f] = if expected[e] == found[f] {
                lengths[e + 1][f + 1] + 1
            } else {
                lengths[e + 1][f].max(lengths[e][f + 1])
            };
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::diff;

    fn shown(expected: &[&str], found: &[&str]) -> String {
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        diff(expected, &found).lines().map(str::trim).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn every_word_of_both_lists_is_shown_once_and_in_order() {
        assert_eq!(shown(&["a", "b", "c"], &["a", "b", "c"]), "a|b|c");
        assert_eq!(shown(&["a", "b", "c"], &["a", "c"]), "a|- b|c");
        assert_eq!(shown(&["a", "c"], &["a", "b", "c"]), "a|+ b|c");
        assert_eq!(shown(&["a", "b"], &["a", "x"]), "a|- b|+ x");
        assert_eq!(shown(&["a", "b"], &["b", "a"]), "- a|b|+ a");
        assert_eq!(shown(&[], &["a"]), "+ a");
        assert_eq!(shown(&["a"], &[]), "- a");
        assert_eq!(shown(&[], &[]), "");
    }
}
