//! Draws what grows with what, from `target/bench-growth.json` and `target/bench-ledger.json`, into `docs/growth/`: `make plots`.
//!
//! `cargo bench --bench load` writes those files (`make bench-long`). A curve goes through the medians of its points; a bar spans
//! what the turns came to.

#![allow(clippy::print_stdout, reason = "a program for developers, which prints")]

use std::path::{Path, PathBuf};

use anyhow::Context;
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::*;
use serde_json::Value;

/// One picture: where its numbers are, and which curves it shows.
struct Picture {
    file: &'static str,
    from: &'static str,
    caption: &'static str,
    across: &'static str,
    upwards: &'static str,
    curves: &'static [&'static str],
}

const PICTURES: [Picture; 3] = [
    Picture {
        file: "heartbeats.svg",
        from: "bench-growth.json",
        caption: "Processor time of a heartbeat, every 3 s from each pod",
        across: "pods",
        upwards: "µs a heartbeat",
        curves: &["processor of the orchestrator [µs a heartbeat]", "processor of the database [µs a heartbeat]"],
    },
    Picture {
        file: "takeover.svg",
        from: "bench-growth.json",
        caption: "Lateness of a takeover beyond the lease timeout",
        across: "other pods that heartbeat every 3 s",
        upwards: "ms",
        curves: &["takeover lateness, p50 [ms]", "takeover lateness, the latest of 40 [ms]"],
    },
    Picture {
        file: "queries.svg",
        from: "bench-ledger.json",
        caption: "Queries of the log, request to answer",
        across: "ledger events",
        upwards: "ms",
        curves: &[
            "the newest 100 events [ms]",
            "100 events from a time on [ms]",
            "100 expiries up to a position [ms]",
            "100 events of a session [ms]",
            "all owners at a position [ms]",
            "all sessions at a time [ms]",
            "the owners of a session [ms]",
            "200 lines of an adapter's log [ms]",
        ],
    },
];

/// Told apart by people who see colours differently, too.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(110, 110, 110),
    RGBColor(0, 0, 0),
];

/// Pixels on the right, for the names of the curves.
const LEGEND: i32 = 290;

/// Pixels of a picture.
const SIZE: (i32, i32) = (1020, 460);

/// Size, median, lowest and highest.
type Point = [f64; 4];

fn main() -> anyhow::Result<()> {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("the folder that cargo builds in")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/growth");
    std::fs::create_dir_all(&folder)?;
    for picture in PICTURES {
        let from = built.join(picture.from);
        if !from.exists() {
            println!("{} is not there: make bench-long writes it", from.display());
            continue;
        }
        let file = draw(&picture, &from, &folder)?;
        println!("{}", file.display());
    }
    Ok(())
}

fn draw(picture: &Picture, from: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let measured: Value = serde_json::from_str(&std::fs::read_to_string(from)?)?;
    let curves = picture.curves.iter().map(|name| points(&measured, name)).collect::<anyhow::Result<Vec<_>>>()?;
    let across = span(curves.iter().flatten().map(|[at, ..]| *at)).context("no points")?;
    let upwards = span(curves.iter().flatten().flat_map(|[_, _, low, high]| [*low, *high])).context("no points")?;
    let file = folder.join(picture.file);
    {
        let area = SVGBackend::new(&file, (SIZE.0.unsigned_abs(), SIZE.1.unsigned_abs())).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(picture.caption, ("sans-serif", 20))
            .margin(16)
            .margin_right(LEGEND)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d((across.0..across.1).log_scale(), (upwards.0 / 1.5..upwards.1 * 1.5).log_scale())?;
        let style = ("sans-serif", 14).into_font();
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(picture.across).y_desc(picture.upwards).axis_desc_style(style.clone()).label_style(style.clone());
        mesh.light_line_style(TRANSPARENT).bold_line_style(RGBColor(225, 225, 225));
        mesh.x_label_formatter(&|at| number(*at)).y_label_formatter(&|value| number(*value)).draw()?;
        for (index, ((name, points), colour)) in picture.curves.iter().zip(&curves).zip(COLOURS).enumerate() {
            let line = points.iter().map(|[at, median, ..]| (*at, *median));
            chart.draw_series(LineSeries::new(line.clone(), colour.stroke_width(2)))?;
            chart.draw_series(line.map(|at| Circle::new(at, 3, colour.filled())))?;
            chart.draw_series(points.iter().map(|[at, _, low, high]| PathElement::new([(*at, *low), (*at, *high)], colour)))?;
            // Its name stands beside the curves, which may be anywhere.
            let (x, y) = (SIZE.0 - LEGEND + 24, 56 + 20 * i32::try_from(index)?);
            area.draw(&PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(3)))?;
            let name = name.rsplit_once(" [").map_or(*name, |(name, _)| name);
            area.draw(&Text::new(name, (x + 28, y - 6), style.clone()))?;
        }
        area.present()?;
    }
    Ok(file)
}

fn points(measured: &Value, name: &str) -> anyhow::Result<Vec<Point>> {
    let points = measured.get("curves").and_then(|curves| curves.get(name)).with_context(|| format!("no curve is called {name}"))?;
    Ok(serde_json::from_value(points.clone())?)
}

/// The least and the most.
fn span(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    Some((values.clone().reduce(f64::min)?, values.reduce(f64::max)?))
}

/// With as many digits as an axis needs, where there is room for it: on a logarithmic axis not everywhere.
fn number(value: f64) -> String {
    let leading = value / 10_f64.powf((value.log10() + 1e-9).floor());
    if [1.0, 2.0, 5.0].iter().all(|kept| (leading - kept).abs() > 0.01) {
        return String::new();
    }
    if value < 1.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let grouped: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    grouped.join(",")
}
