//! What was measured, as lines of text between two processes.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// Names and numbers; all times are nanoseconds for one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(pub BTreeMap<String, f64>);

impl Figures {
    /// Adds a figure, or replaces it.
    pub fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    /// The figure of that name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| writeln!(f, "{name} {value:.3}"))
    }
}

impl FromStr for Figures {
    type Err = String;

    /// Every line must be a figure, and there must be one.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut figures = Self::default();
        for line in text.lines() {
            let parsed = line.split_once(' ').and_then(|(name, value)| {
                value.parse::<f64>().ok().map(|value| figures.set(name, value))
            });
            parsed.ok_or_else(|| format!("`{line}` is not a figure"))?;
        }
        match figures.0.is_empty() {
            true => Err("it printed no figure".to_owned()),
            false => Ok(figures),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_back_as_they_were_printed() {
        let mut figures = Figures::default();
        figures.set("cpu_ns", 98.5);
        figures.set("wall_ns", 0.25);
        assert_eq!(figures.to_string().parse(), Ok(figures));
    }

    #[test]
    fn anything_else_that_a_program_prints_is_an_error() {
        for wrong in ["", "cpu_ns", "cpu_ns fast", "cpu_ns 1\noops"] {
            assert!(wrong.parse::<Figures>().is_err(), "{wrong}");
        }
    }
}
