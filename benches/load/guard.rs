//! `make bench-smoke`: whether a change has made us slower. Ratios to plain statements of the same turn, never times; bounds at a third
//! or less of what a build without optimisation reached on a busy machine and on an idle one (a quick disk helps the raw database more than
//! it helps us). Only a blunder falls below.

use anyhow::ensure;

use super::report::{Report, Side};

/// Rows whose median ratio to the raw database has a lower bound.
const BOUNDS: [(&str, f64); 4] = [
    ("heartbeats without HTTP, 100 a batch [1/s]", 0.25),
    ("heartbeats without HTTP, 1000 a batch [1/s]", 0.3),
    ("claims and releases, 1 client [1/s]", 0.01),
    ("claims and releases, 32 clients [1/s]", 0.005),
];

/// # Errors
/// Names every row that is below its bound, or was not measured.
pub(crate) fn check(report: &Report) -> anyhow::Result<()> {
    let low: Vec<String> = BOUNDS
        .into_iter()
        .filter_map(|(row, bound)| match report.ratio(row, Side::Limit) {
            Some(ratio) if ratio >= bound => None,
            Some(ratio) => Some(format!("{row}: {ratio:.3} of the raw database, which is below {bound}")),
            None => Some(format!("{row}: not measured")),
        })
        .collect();
    ensure!(low.is_empty(), "slower than it was:\n{}", low.join("\n"));
    println!("no ratio is below its bound");
    Ok(())
}
