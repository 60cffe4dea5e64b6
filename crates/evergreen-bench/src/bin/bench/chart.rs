//! The ratios as a chart: one panel a scenario, one bar a runtime, and a line where tokio is.

use crate::{
    peers::{BASE, OURS},
    record::Run,
    scenario::Scenario,
    table,
};
use std::fmt::Write;

const COLUMNS: usize = 2;
const PANEL_WIDTH: usize = 440;
/// Where the bars of a panel begin, and what is left for them and the numbers behind them.
const BARS_AT: usize = 118;
const BARS_WIDTH: usize = 260;
const BAR: usize = 18;
const HEAD: usize = 46;
const GAP: usize = 18;

/// Bars are cut off here; the number behind them says how far they would reach.
const LONGEST: f64 = 2.5;

/// Transparent, and with colours for light and dark pages.
const STYLE: &str = "\
.bench text { font: 13px system-ui, sans-serif; fill: #24292f }
.bench .title { font-weight: 600 }
.bench .quiet { fill: #59636e }
.bench .bar { fill: #b1bac4 }
.bench .ours { fill: #2f8f4e }
.bench .base { stroke: #59636e; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
.bench text { fill: #e6edf3 }
.bench .quiet { fill: #9198a1 }
.bench .bar { fill: #484f58 }
.bench .ours { fill: #3fb950 }
.bench .base { stroke: #9198a1 }
}";

pub(crate) fn draw(runs: &[Run]) -> String {
    let peers = table::measured_peers(runs);
    let scenarios: Vec<_> = table::measured_scenarios(runs).collect();
    let panel_height = HEAD + peers.len() * BAR + GAP;
    let width = COLUMNS * PANEL_WIDTH;
    let height = scenarios.len().div_ceil(COLUMNS) * panel_height;
    let mut svg = format!(
        "<svg class=\"bench\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>CPU time or memory as a multiple of {BASE}'s; shorter is \
         better</title>\n<style>\n{STYLE}\n</style>\n"
    );
    for (number, scenario) in scenarios.into_iter().enumerate() {
        let (column, row) = (number % COLUMNS, number / COLUMNS);
        let _ = writeln!(
            svg,
            "<g transform=\"translate({} {})\">",
            column * PANEL_WIDTH,
            row * panel_height
        );
        panel(&mut svg, runs, &peers, scenario);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, runs: &[Run], peers: &[&str], scenario: &Scenario) {
    let _ = writeln!(svg, "<text class=\"title\" x=\"8\" y=\"18\">{}</text>", scenario.name);
    let _ = writeln!(svg, "<text class=\"quiet\" x=\"8\" y=\"36\">{}</text>", scenario.operation);
    let peers: Vec<_> = peers.iter().filter(|peer| scenario.is_for(peer)).collect();
    for (number, peer) in peers.iter().enumerate() {
        let top = HEAD + number * BAR;
        let base_line = top + 13;
        let end = BARS_AT - 8;
        let _ =
            writeln!(svg, "<text x=\"{end}\" y=\"{base_line}\" text-anchor=\"end\">{peer}</text>");
        let (length, words) = bar(runs, peer, scenario);
        let class = if **peer == OURS { "bar ours" } else { "bar" };
        let _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{BARS_AT}\" y=\"{}\" width=\"{length:.1}\" \
             height=\"{}\" rx=\"2\"/>",
            top + 2,
            BAR - 4
        );
        let behind = BARS_AT as f64 + length + 6.0;
        let _ = writeln!(
            svg,
            "<text class=\"quiet\" x=\"{behind:.1}\" y=\"{base_line}\">{words}</text>"
        );
    }
    let x = BARS_AT as f64 + scaled(1.0);
    let bottom = HEAD + peers.len() * BAR;
    let _ = writeln!(
        svg,
        "<line class=\"base\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{HEAD}\" y2=\"{bottom}\"/>"
    );
}

fn bar(runs: &[Run], peer: &str, scenario: &Scenario) -> (f64, String) {
    match (table::ratio(runs, peer, BASE, scenario), table::figure(runs, peer, scenario)) {
        (Some(ratio), _) => (scaled(ratio), format!("{ratio:.2}")),
        (None, Some(_)) => (0.0, format!("{BASE} failed")),
        (None, None) => (0.0, "failed".to_owned()),
    }
}

fn scaled(ratio: f64) -> f64 {
    ratio.min(LONGEST) / LONGEST * BARS_WIDTH as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use evergreen_bench::Figures;
    use serde_json::json;

    #[test]
    fn every_runtime_has_a_bar_and_a_word_behind_it() {
        let measured = |peer, cpu_ns| {
            let figures = Figures([("cpu_ns".to_owned(), cpu_ns)].into());
            Record::new(peer, "yield", 1, Ok(figures))
        };
        let failed = Record::new("compio", "yield", 1, Err("no ring".to_owned()));
        let records = vec![measured(OURS, 500.0), measured(BASE, 100.0), failed];
        let svg = draw(&[Run { machine: json!({}), records }]);
        assert_eq!(svg.matches("<rect").count(), 3, "{svg}");
        for words in [">5.00<", ">1.00<", ">failed<"] {
            assert!(svg.contains(words), "{words} in {svg}");
        }
        // The longest bar is cut off, and so the number behind it is still on the page.
        assert!(svg.contains(&format!("width=\"{BARS_WIDTH}.0\"")), "{svg}");
        // A blank line would end it where it stands in a page of the guide.
        assert!(!svg.contains("\n\n"));
    }
}
