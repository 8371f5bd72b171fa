//! The table: ours, the limit of the raw database, the peer, and the ratios inside each turn.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::Plan;
use super::drive::percentile;

/// Whose value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Ours,
    /// The same work as plain statements of PostgreSQL, through the same driver.
    Limit,
    /// etcd.
    Peer,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Limit => "limit",
            Self::Peer => "etcd",
        }
    }
}

/// Rows in the order in which they first came, each with one value a turn and side.
#[derive(Debug, Default)]
pub(crate) struct Report {
    order: Vec<String>,
    rows: BTreeMap<String, BTreeMap<Side, Vec<f64>>>,
    /// What grows with something, by name: how large that was, and the row that holds the values.
    curves: BTreeMap<String, BTreeMap<u32, String>>,
}

impl Report {
    /// A value of this turn. `row` ends with the unit in brackets.
    pub(crate) fn add(&mut self, row: impl Into<String>, side: Side, value: f64) {
        let row = row.into();
        if !self.rows.contains_key(&row) {
            self.order.push(row.clone());
        }
        self.rows.entry(row).or_default().entry(side).or_default().push(value);
    }

    /// A value of this turn, and its place on a curve: beside so many of what grows. `curve` ends with the unit in brackets.
    pub(crate) fn add_point(&mut self, curve: &str, (at, of): (u32, &str), value: f64) {
        let row = format!("{at} {of}: {curve}");
        self.curves.entry(curve.to_owned()).or_default().insert(at, row.clone());
        self.add(row, Side::Ours, value);
    }

    /// Rates and latencies at the 50th and 99th percentile.
    pub(crate) fn add_load(&mut self, row: &str, side: Side, load: &super::drive::Load) {
        self.add(format!("{row} [1/s]"), side, load.per_second());
        self.add(format!("{row}, p50 [ms]"), side, load.milliseconds(0.50));
        self.add(format!("{row}, p99 [ms]"), side, load.milliseconds(0.99));
    }

    /// The middle one and the latest in a hundred, of milliseconds in order.
    pub(crate) fn add_lateness(&mut self, row: &str, side: Side, sorted: &[f64]) {
        self.add(format!("{row}, p50 [ms]"), side, percentile(sorted, 0.50));
        self.add(format!("{row}, p99 [ms]"), side, percentile(sorted, 0.99));
    }

    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["", "ours", "limit", "etcd", "ours/limit", "ours/etcd"]);
        for row in &self.order {
            let value = |side| self.values(row, side).map(|values| spread(&values)).unwrap_or_default();
            let ratio = |side| self.ratios(row, side).map(|ratios| spread(&ratios)).unwrap_or_default();
            table.add_row([row.clone(), value(Side::Ours), value(Side::Limit), value(Side::Peer), ratio(Side::Limit), ratio(Side::Peer)]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{table}");
        println!("Medians over the turns, with the lowest and the highest; ratios are of values of the same turn.");
    }

    /// The median of the ratios inside each turn.
    pub(crate) fn ratio(&self, row: &str, side: Side) -> Option<f64> {
        let mut ratios = self.ratios(row, side)?;
        ratios.sort_unstable_by(f64::total_cmp);
        Some(percentile(&ratios, 0.5))
    }

    fn values(&self, row: &str, side: Side) -> Option<Vec<f64>> {
        self.rows.get(row)?.get(&side).cloned()
    }

    fn ratios(&self, row: &str, side: Side) -> Option<Vec<f64>> {
        let (ours, other) = (self.values(row, Side::Ours)?, self.values(row, side)?);
        Some(ours.iter().zip(&other).map(|(ours, other)| ours / other).collect())
    }

    /// Writes everything to `target/bench.json`, under the folder that cargo builds in; what was asked for by name to
    /// `target/bench-NAME.json`, so that a part does not take the place of the whole.
    pub(crate) fn write(&self, plan: Plan, only: &str) -> anyhow::Result<()> {
        let rows: Vec<Value> = self.order.iter().map(|row| self.json(row)).collect();
        let curves: BTreeMap<&String, Value> = self.curves.iter().map(|(curve, points)| (curve, self.points(points))).collect();
        let document = json!({
            "turns": plan.turns, "seconds": plan.time.as_secs_f64(), "minutes": plan.minutes, "scale": plan.scale, "rows": rows, "curves": curves,
        });
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.parent().unwrap_or(folder).join(if only.is_empty() {
            "bench.json".to_owned()
        } else {
            format!("bench-{}.json", only.replace(',', "-"))
        });
        std::fs::write(&path, format!("{document:#}\n")).with_context(|| format!("{} cannot be written", path.display()))?;
        println!("written to {}", path.display());
        Ok(())
    }

    /// Size, median, lowest and highest of each point.
    fn points(&self, points: &BTreeMap<u32, String>) -> Value {
        let point = |(at, row): (&u32, &String)| {
            let mut values = self.values(row, Side::Ours)?;
            values.sort_unstable_by(f64::total_cmp);
            Some(json!([at, percentile(&values, 0.5), percentile(&values, 0.0), percentile(&values, 1.0)]))
        };
        points.iter().filter_map(point).collect()
    }

    fn json(&self, row: &str) -> Value {
        let sides = [Side::Ours, Side::Limit, Side::Peer];
        let values = sides.into_iter().filter_map(|side| Some((side.name(), summary(self.values(row, side)?))));
        let ratios = [Side::Limit, Side::Peer].into_iter().filter_map(|side| Some((side.name(), summary(self.ratios(row, side)?))));
        json!({ "row": row, "values": values.collect::<BTreeMap<_, _>>(), "ratio_to": ratios.collect::<BTreeMap<_, _>>() })
    }
}

fn summary(mut values: Vec<f64>) -> Value {
    values.sort_unstable_by(f64::total_cmp);
    json!({ "median": percentile(&values, 0.5), "lowest": percentile(&values, 0.0), "highest": percentile(&values, 1.0), "all": values })
}

fn spread(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let [low, middle, high] = [0.0, 0.5, 1.0].map(|share| short(percentile(&sorted, share)));
    if sorted.len() > 1 { format!("{middle} ({low}–{high})") } else { middle }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
