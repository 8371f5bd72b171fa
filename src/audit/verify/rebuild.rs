//! The projections made once more in a scratch schema, and held against the live ones row by row.

use std::sync::atomic::Ordering;

use futures_util::future::try_join_all;
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use super::Meter;
use super::live::last_of;
use super::read::Head;
use super::report::{Check, Difference, Step, StepName, Timer};
use crate::domain::token::Position;
use crate::log::{LogError, make_projections, sql};

/// Positions that are applied at a time. Any cutting gives the same rows; this one shows progress.
const SPAN: Position = 1 << 20;

/// Longest text of a row that is shown, in characters.
const SHOWN: usize = 400;

/// Projections that no other one reads, and that have a row for most events: each is compared in a transaction of its own, if there is one.
const APART: [&str; 2] = ["adapter_log", "session_status"];

/// How many transactions share the work.
pub(super) const PARTS: usize = 1 + APART.len();

/// A transaction, and what is made and compared in it: the projections of these names, or with `beside` all but these.
struct Part<'a> {
    transaction: &'a Transaction<'a>,
    names: &'a [&'a str],
    beside: bool,
}

/// What a part came to.
#[derive(Debug, Default)]
struct Done {
    seconds_to_build: f64,
    seconds_to_compare: f64,
    rows: u64,
    /// Why nothing could be built.
    impossible: Option<Difference>,
    differences: Vec<Difference>,
}

/// Makes the projections once more and compares them: in one transaction, or in [`PARTS`] that see the same snapshot.
pub(super) async fn run(transactions: &[&Transaction<'_>], head: &Head, meter: &Meter) -> Result<Vec<Step>, LogError> {
    let parts: Vec<Part<'_>> = match transactions {
        [] => vec![],
        [transaction] => vec![Part { transaction, names: &[], beside: true }],
        [transaction, others @ ..] => {
            let apart = others.iter().zip(APART.chunks(1)).map(|(transaction, names)| Part { transaction, names, beside: false });
            std::iter::once(Part { transaction, names: &APART, beside: true }).chain(apart).collect()
        }
    };
    let done = try_join_all(parts.iter().map(|part| part.run(head, meter))).await?;
    let longest = |seconds: fn(&Done) -> f64| done.iter().map(seconds).fold(0.0, f64::max);
    let (building, comparing) = (longest(|done| done.seconds_to_build), longest(|done| done.seconds_to_compare));
    let rows = done.iter().map(|done| done.rows).sum();
    let (mut impossible, mut differences) = (vec![], vec![]);
    for done in done {
        impossible.extend(done.impossible);
        differences.extend(done.differences);
    }
    if !impossible.is_empty() {
        let built = Step::took(StepName::Rebuild, meter.rebuilt(), building, impossible);
        return Ok(vec![built, Step::skipped(StepName::Rows, "the projections could not be rebuilt")]);
    }
    differences.sort_by_key(|difference| difference.position.unwrap_or(Position::MAX));
    let positions = u64::try_from(head.ledger_position).unwrap_or(0);
    Ok(vec![Step::took(StepName::Rebuild, positions, building, vec![]), Step::took(StepName::Rows, rows, comparing, differences)])
}

impl Part<'_> {
    async fn run(&self, head: &Head, meter: &Meter) -> Result<Done, LogError> {
        let timer = Timer::start();
        let built = self.build(head, meter).await;
        let seconds_to_build = timer.elapsed();
        if let Err(error) = built {
            let impossible = Some(impossible(error, "the projections cannot be rebuilt from the log")?);
            return Ok(Done { seconds_to_build, impossible, ..Done::default() });
        }
        let timer = Timer::start();
        let (rows, differences) = self.compare().await?;
        Ok(Done { seconds_to_build, seconds_to_compare: timer.elapsed(), rows, impossible: None, differences })
    }

    /// In a schema of our own, so that two may verify at a time.
    async fn build(&self, head: &Head, meter: &Meter) -> Result<(), LogError> {
        make_projections(self.transaction, &format!("verify_{}", Uuid::new_v4().simple())).await?;
        self.transaction.batch_execute(sql::VERIFY_SCRATCH).await?;
        self.transaction.query_one(sql::VERIFY_PREPARE, &[&self.names, &self.beside]).await?;
        let apply = self.transaction.prepare(sql::VERIFY_APPLY).await?;
        let mut done = 0;
        while done < head.ledger_position {
            // Beyond the end too: a range as long as this is applied in ways of its own, and they are to be held against the live ones.
            self.transaction.query_one(&apply, &[&(done + 1), &(done + SPAN)]).await?;
            done = head.ledger_position.min(done + SPAN);
            // One part speaks for all.
            if self.beside {
                meter.rebuilt.store(u64::try_from(done).unwrap_or(0), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// How many rows there are, and what is wrong with them.
    async fn compare(&self) -> Result<(u64, Vec<Difference>), LogError> {
        self.transaction.batch_execute(sql::VERIFY_COMPARE).await?;
        let tables = match self.transaction.query(sql::VERIFY_ROWS, &[&self.names, &self.beside]).await {
            Ok(tables) => tables,
            Err(error) => return Ok((0, vec![impossible(error.into(), "the live projections cannot be compared")?])),
        };
        let (mut rows, mut differences) = (0, vec![]);
        for table in &tables {
            rows += u64::try_from(table.try_get::<_, i64>("row_count")?).unwrap_or(0);
            differences.extend(difference(self.transaction, table).await?);
        }
        Ok((rows, differences))
    }
}

/// What the server refuses to do with what it holds is a finding; that it does not answer is none.
fn impossible(error: LogError, what: &str) -> Result<Difference, LogError> {
    match &error {
        LogError::Database(refused) if refused.code().is_some_and(is_about_content) => {
            Ok(Difference { check: Check::Projection, position: None, table: None, key: None, problem: format!("{what}: {error}") })
        }
        _ => Err(error),
    }
}

/// Classes of errors that values and tables cause: wrong data, broken constraints, missing columns, exceptions of functions.
fn is_about_content(code: &SqlState) -> bool {
    *code != SqlState::INSUFFICIENT_PRIVILEGE && ["22", "23", "42", "P0", "21"].iter().any(|class| code.code().starts_with(class))
}

async fn difference(transaction: &Transaction<'_>, row: &Row) -> Result<Option<Difference>, LogError> {
    let Some(problem) = row.try_get::<_, Option<String>>("problem")? else { return Ok(None) };
    let table: String = row.try_get("table_name")?;
    let (live, rebuilt): (Option<Value>, Option<Value>) = (row.try_get("live_row")?, row.try_get("rebuilt_row")?);
    let key: Option<Value> = row.try_get("key")?;
    let position = match rebuilt.as_ref().or(live.as_ref()) {
        Some(found) => origin(transaction, &table, found).await?,
        None => None,
    };
    let problem = match (&live, &rebuilt) {
        (None, None) => problem,
        _ => format!("{problem}: the log comes to {}, and live is {}", shown(rebuilt.as_ref()), shown(live.as_ref())),
    };
    let key = key.as_ref().map(ToString::to_string);
    Ok(Some(Difference { check: Check::Projection, position, table: Some(table), key, problem }))
}

fn shown(row: Option<&Value>) -> String {
    let text = row.map_or_else(|| "nothing".into(), ToString::to_string);
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
}

/// The event that a row comes from: the one that it names, where its interval begins, or the last about its subject.
async fn origin(transaction: &Transaction<'_>, table: &str, row: &Value) -> Result<Option<Position>, LogError> {
    if let Some(position) = row.get("position").and_then(Value::as_i64) {
        return Ok(Some(position));
    }
    if let Some(from) = row.get("during").and_then(Value::as_str).and_then(lower_bound) {
        return Ok(Some(from));
    }
    let subjects = [
        ("session", "session"),
        ("adapter", "adapter"),
        ("pod", "pod"),
        ("access_token", "access-token"),
        ("artifact", "artifact"),
        ("plugin", "plugin"),
    ];
    let named_alike = subjects.iter().filter(|(column, _)| table.starts_with(column));
    let subject = named_alike.chain(&subjects).find_map(|(column, kind)| Some(format!("{kind}:{}", row.get(column)?.as_str()?)));
    match subject {
        Some(stream) => last_of(transaction, &stream).await,
        None => Ok(None),
    }
}

/// 5 of `[5,9)`.
fn lower_bound(range: &str) -> Option<Position> {
    range.strip_prefix('[')?.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_begins_with_its_lower_bound() {
        assert_eq!(lower_bound("[5,9)"), Some(5));
        assert_eq!(lower_bound("[5,)"), Some(5));
        assert_eq!(lower_bound("empty"), None);
    }
}
