//! The projections made once more in a scratch schema, and held against the live ones row by row.

use std::sync::atomic::Ordering;

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
const SPAN: Position = 1_000_000;

/// Longest text of a row that is shown, in characters.
const SHOWN: usize = 400;

/// Projections whose rows come of one event each: a view of the log says which rows, and nothing is built.
const ENTRIES: &str = "v";

/// All the others, which are built as tables.
const TABLES: &str = "r";

/// What a comparison came to.
#[derive(Debug, Default)]
struct Compared {
    rows: u64,
    differences: Vec<Difference>,
}

/// `beside` is another transaction with the same snapshot: entries are compared there while the tables are being built.
pub(super) async fn run(
    transaction: &Transaction<'_>,
    beside: Option<&Transaction<'_>>,
    head: &Head,
    meter: &Meter,
) -> Result<Vec<Step>, LogError> {
    let entries = async {
        let Some(beside) = beside else { return Ok(Compared::default()) };
        make(beside).await?;
        compare(beside, ENTRIES).await
    };
    let ((built, tables), entries) = tokio::try_join!(tables(transaction, beside.is_none(), head, meter), entries)?;
    let Some((timer, Compared { rows, mut differences })) = tables else {
        return Ok(vec![built, Step::skipped(StepName::Rows, "the projections could not be rebuilt")]);
    };
    differences.extend(entries.differences);
    differences.sort_by_key(|difference| difference.position.unwrap_or(Position::MAX));
    Ok(vec![built, Step::done(StepName::Rows, rows + entries.rows, &timer, differences)])
}

/// The step of building, and what came of it if it could be done.
async fn tables(
    transaction: &Transaction<'_>,
    alone: bool,
    head: &Head,
    meter: &Meter,
) -> Result<(Step, Option<(Timer, Compared)>), LogError> {
    let timer = Timer::start();
    if let Err(error) = build(transaction, head, meter).await {
        let difference = impossible(error, "the projections cannot be rebuilt from the log")?;
        return Ok((Step::done(StepName::Rebuild, meter.rebuilt(), &timer, vec![difference]), None));
    }
    let built = Step::done(StepName::Rebuild, u64::try_from(head.ledger_position).unwrap_or(0), &timer, vec![]);
    let timer = Timer::start();
    let mut compared = compare(transaction, TABLES).await?;
    if alone {
        let entries = compare(transaction, ENTRIES).await?;
        compared.rows += entries.rows;
        compared.differences.extend(entries.differences);
    }
    Ok((built, Some((timer, compared))))
}

/// Makes the projections, empty, in a schema of our own, so that two may verify at a time.
async fn make(transaction: &Transaction<'_>) -> Result<(), LogError> {
    make_projections(transaction, &format!("verify_{}", Uuid::new_v4().simple())).await?;
    Ok(transaction.batch_execute(sql::VERIFY_SCRATCH).await?)
}

async fn build(transaction: &Transaction<'_>, head: &Head, meter: &Meter) -> Result<(), LogError> {
    make(transaction).await?;
    let apply = transaction.prepare(sql::VERIFY_APPLY).await?;
    let mut done = 0;
    while done < head.ledger_position {
        let last = head.ledger_position.min(done + SPAN);
        transaction.query_one(&apply, &[&(done + 1), &last]).await?;
        done = last;
        meter.rebuilt.store(u64::try_from(done).unwrap_or(0), Ordering::Relaxed);
    }
    Ok(())
}

async fn compare(transaction: &Transaction<'_>, kind: &str) -> Result<Compared, LogError> {
    transaction.batch_execute(sql::VERIFY_COMPARE).await?;
    let tables = match transaction.query(sql::VERIFY_ROWS, &[&kind]).await {
        Ok(tables) => tables,
        Err(error) => {
            let difference = impossible(error.into(), "the live projections cannot be compared")?;
            return Ok(Compared { rows: 0, differences: vec![difference] });
        }
    };
    let mut compared = Compared::default();
    for table in &tables {
        compared.rows += u64::try_from(table.try_get::<_, i64>("row_count")?).unwrap_or(0);
        compared.differences.extend(difference(transaction, table).await?);
    }
    Ok(compared)
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
    let subjects = [("session", "session"), ("adapter", "adapter"), ("pod", "pod"), ("access_token", "access-token")];
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
