//! `verify`: the log, its fold and the projections, held against each other.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::interval;

use super::output::{self, Format, FormatArgs};
use super::table::{Table, text};
use super::verify_file;
use crate::audit::verify::{Meter, Outcome, Report, Step, StepName, verify_with_archives};

/// How often the bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// Proves that nobody has changed the event log, and that everything shown is what the log comes to.
///
/// Checks the hash chain, that no position is missing, that times, causes and fencing tokens are in order and no session ever
/// had two owners; reads the content of artifacts and plugins; folds the log; rebuilds the projections in a scratch schema, and compares both with the live ones row by row.
/// Writes nothing, and runs beside a live system, against a standby, or against a restored backup. Exit code 1 if anything
/// differs.
///
/// Examples: DATABASE_URL=postgresql://owner@db/conncentric conncentric verify, conncentric verify --file ledger.jsonl
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// The database, as its owner: postgresql://owner@db/conncentric. Any other user needs --no-rebuild
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", required_unless_present = "file")]
    database_url: Option<String>,

    /// Check files that `conncentric export` wrote instead, which needs no database. Several, in order, continue each other
    #[arg(long, env = "CONNCENTRIC_VERIFY_FILE", value_name = "FILE", num_args = 1..)]
    file: Vec<PathBuf>,

    /// Files that `conncentric seal` wrote, if the beginning of the log is sealed; all of them
    #[arg(long, env = "CONNCENTRIC_ARCHIVE", value_name = "FILE", num_args = 1.., value_delimiter = ',', conflicts_with = "file")]
    archive: Vec<PathBuf>,

    /// The public key that signed heads in the files must be signed with, in PEM
    #[arg(long, env = "CONNCENTRIC_VERIFY_KEY", value_name = "FILE", requires = "file")]
    verify_key: Option<PathBuf>,

    /// Leave out rebuilding the projections: quicker, and needs no right to create a schema
    #[arg(long, env = "CONNCENTRIC_NO_REBUILD")]
    no_rebuild: bool,

    #[command(flatten)]
    format: FormatArgs,
}

/// The log is not what it was, or what is shown is not what it comes to.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Differs(String);

impl VerifyArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Some(database_url) = self.database_url.as_deref().filter(|_| self.file.is_empty()) else {
            return verify_file::run(&self.file, self.verify_key.as_deref());
        };
        let meter = Arc::new(Meter::default());
        let verified = Box::pin(beside_a_bar(&meter, verify_with_archives(database_url, &self.archive, !self.no_rebuild, &meter))).await?;
        match self.format.output {
            Format::Json => output::json(&serde_json::to_string(&verified)?)?,
            Format::Table => output::line(&table(&verified))?,
        }
        match differences(&verified) {
            Some(text) => Err(Differs(text).into()),
            None => Ok(()),
        }
    }
}

/// The first one first; it is the reason of the failure.
fn differences(report: &Report) -> Option<String> {
    let lines: Vec<String> = report.differences().map(ToString::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("\n  "))
}

fn table(report: &Report) -> String {
    let mut table = Table::new(&["CHECK", "CHECKED", "SECONDS", "PER SECOND", "RESULT"]);
    for step in &report.steps {
        table.row([
            text(title(step.step)),
            text(checked(step)),
            text(format!("{:.2}", step.seconds)),
            text(rate(step)),
            text(result(step)),
        ]);
    }
    format!(
        "{}\n\nledger position {} of epoch {}, hash {}, verified by version {} in {:.2} s",
        table.render(),
        report.ledger_position,
        report.epoch,
        report.hash,
        report.program,
        report.seconds
    )
}

fn title(step: StepName) -> &'static str {
    match step {
        StepName::Log => "log: chain, positions, order, causes, owners",
        StepName::Fold => "fold = live projections",
        StepName::Ownership => "ownerships = live projection",
        StepName::Blobs => "artifacts and plugins = their hashes",
        StepName::Rebuild => "projections rebuilt from the log",
        StepName::Rows => "rebuilt = live projections, row by row",
    }
}

fn checked(step: &Step) -> String {
    let what = match step.step {
        StepName::Log => "events",
        StepName::Fold => "entries",
        StepName::Ownership => "intervals",
        StepName::Blobs => "bytes",
        StepName::Rebuild => "positions",
        StepName::Rows => "rows",
    };
    format!("{} {what}", step.checked)
}

fn rate(step: &Step) -> String {
    if step.seconds > 0.0 { format!("{:.0}", step.rate()) } else { "-".into() }
}

fn result(step: &Step) -> String {
    match &step.outcome {
        Outcome::Sound => "ok".into(),
        Outcome::Different { differences } => differences.first().map_or_else(|| "DIFFERS".into(), |first| format!("DIFFERS: {first}")),
        Outcome::Skipped { why } => format!("skipped: {why}"),
    }
}

/// Shows how far it is while it runs, if a person is looking.
async fn beside_a_bar<T>(meter: &Meter, work: impl Future<Output = T>) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{bar:30} {pos} of {len} positions  {per_sec}  {elapsed}  {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let mut ticks = interval(DRAW_EVERY);
    let mut work = std::pin::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            _ = ticks.tick() => {
                bar.set_length(meter.total());
                bar.set_position(meter.read());
                bar.set_message(if meter.rebuilt() > 0 { format!("rebuilt up to {}", meter.rebuilt()) } else { String::new() });
            }
        }
    };
    bar.finish_and_clear();
    done
}
