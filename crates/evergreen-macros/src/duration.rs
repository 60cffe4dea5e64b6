//! Lengths of time as an attribute writes them: `5s`, `100ms`.

const UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The nanoseconds of a whole number and a unit. An error says what was wrong, and what to write.
pub(crate) fn parse_duration(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit).filter(|_| digits > 0)
    else {
        return Err(format!(
            "`{text}` is no length of time: write a whole number and ns, us, ms, s, m or h, as in \
             `1500ms`"
        ));
    };
    match number.parse().ok().and_then(|number: u64| number.checked_mul(*nanos)) {
        Some(0) => {
            Err(format!("`{text}` is no time at all: leave the limit out, or write a longer one"))
        },
        Some(nanos) => Ok(nanos),
        None => Err(format!("`{text}` is too long: 584 years are the longest")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_duration;

    #[test]
    fn a_length_is_a_whole_number_and_a_unit() {
        for (text, nanos) in [
            ("1ns", 1),
            ("7us", 7_000),
            ("100ms", 100_000_000),
            ("5s", 5_000_000_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("18446744073709551615ns", u64::MAX),
        ] {
            assert_eq!(parse_duration(text), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in ["", "5", "s", "1.5s", "-1s", "5 s", " 5s", "5S", "5sec", "1h30m", "٣s"] {
            let refusal = parse_duration(text).expect_err("a refusal");
            assert!(refusal.starts_with(&format!("`{text}` is no length of time: ")), "{refusal}");
        }
        for text in ["18446744073709551616ns", "5124096h"] {
            let refusal = parse_duration(text).expect_err("a refusal");
            assert_eq!(refusal, format!("`{text}` is too long: 584 years are the longest"));
        }
        assert!(parse_duration("0s").expect_err("a refusal").starts_with("`0s` is no time at all"));
    }
}
