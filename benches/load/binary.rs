//! The program itself: how large it is, and how soon it says something.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::ensure;

use super::Bench;
use super::report::Side;
use super::world::PROGRAM;

/// Starts in each turn.
const STARTS: u32 = 20;

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(PROGRAM)?.len();
    bench.report.add("size of the program, Portal and all [MB]", Side::Ours, bytes as f64 / 1e6);
    for _ in 0..bench.plan.turns {
        let began = Instant::now();
        for _ in 0..STARTS {
            let status = Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status()?;
            ensure!(status.success(), "{PROGRAM} --version: {status}");
        }
        let each = began.elapsed() / STARTS;
        bench.report.add("`conncentric --version`, from start to exit [ms]", Side::Ours, each.as_secs_f64() * 1000.0);
    }
    Ok(())
}
