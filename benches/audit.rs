//! Measures `verify` and what it is made of, on the log of a realistic fleet: `cargo bench --bench audit`.
//!
//! `CONNCENTRIC_BENCH_EVENTS` sets how many ledger events there are (200,000 unless given). `CONNCENTRIC_BENCH_DATABASE_URL`
//! names a database to use, which is filled if its log is empty; otherwise a PostgreSQL of our own is made, filled and removed.
//! The last line is the same in JSON. Reading is measured in a process of its own, so that the memory it needs is told apart from the rest.

#![allow(
    clippy::print_stdout,
    unreachable_pub,
    reason = "a program for developers, which prints, with a file that it shares with the tests"
)]
#![allow(clippy::cast_precision_loss, reason = "rates for people")]

#[path = "../tests/it/support/big_log.rs"]
mod big_log;
#[path = "audit/served.rs"]
mod served;

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use conncentric::audit::replay::Replay;
use conncentric::audit::row::LedgerRow;
use conncentric::audit::source::Snapshot;
use conncentric::audit::verify::{Meter, StepName, verify_database};
use conncentric::dev::postgres::{Cluster, Halt, Options, place, remove};
use conncentric::dev::secret::random_text;
use conncentric::domain::event::Recorded;
use conncentric::domain::evolve::evolve;
use conncentric::domain::fleet::Fleet;
use conncentric::domain::token::{Epoch, Position};
use conncentric::log::{Connection, Purpose, migrate, sql};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

const MEASURE: &str = "CONNCENTRIC_BENCH_MEASURE";

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Ok(url) = std::env::var(MEASURE) {
        println!("{}", runtime.block_on(measure(&url))?);
        return Ok(());
    }
    let events = std::env::var("CONNCENTRIC_BENCH_EVENTS").map_or(Ok(200_000), |text| text.parse()).context("CONNCENTRIC_BENCH_EVENTS")?;
    if let Ok(url) = std::env::var("CONNCENTRIC_BENCH_DATABASE_URL") {
        return runtime.block_on(fill_and_report(&url, events));
    }
    runtime.block_on(with_a_cluster(events))
}

async fn with_a_cluster(events: u64) -> anyhow::Result<()> {
    let home = place(&std::env::temp_dir().join(format!("conncentric-bench-{}", random_text(8)?)))?;
    let options = Options { password: random_text(16)?, settings: vec![] };
    let cluster = Cluster::start(&home, None, &options).await?;
    let measured = fill_and_report(&cluster.url("postgres"), events).await;
    cluster.stop(Halt::Fast).await?;
    remove(&home)?;
    measured
}

async fn fill_and_report(url: &str, events: u64) -> anyhow::Result<()> {
    let start = Instant::now();
    if migrate(url).await?.rebuilt {
        println!("rebuilt the projections in {:.1} s", start.elapsed().as_secs_f64());
    }
    let owner = connect(url).await?;
    if owner.query_opt("select from event limit 1", &[]).await?.is_some() {
        drop(owner);
        return report(json!({}), url).await;
    }
    println!("writing a log of {events} ledger events");
    let start = Instant::now();
    let written = big_log::write(&owner, big_log::REALISTIC, events).await?;
    let wrote = start.elapsed();
    println!("building its projections, constraints and all");
    let start = Instant::now();
    big_log::project(&owner).await?;
    let projected = start.elapsed();
    owner.batch_execute("vacuum analyze").await?;
    let made = json!({
        "events": written.events,
        "pulses": written.pulses,
        "head": written.position,
        "generate_per_second": rate(written.events, wrote),
        "rebuild_per_second": rate(written.events, projected),
    });
    drop(owner);
    report(made, url).await
}

/// Measures in a process of its own and prints everything.
async fn report(mut made: Value, url: &str) -> anyhow::Result<()> {
    println!("measuring");
    let output = Command::new(std::env::current_exe()?).env(MEASURE, url).stderr(std::process::Stdio::inherit()).output()?;
    anyhow::ensure!(output.status.success(), "measuring failed");
    let measured: Value = serde_json::from_slice(&output.stdout)?;
    let served = served::measure(url).await?;
    if let (Some(made), Some(measured), Some(served)) = (made.as_object_mut(), measured.as_object(), served.as_object()) {
        made.extend(measured.clone());
        made.extend(served.clone());
        for (name, value) in made.iter() {
            println!("{name:32} {value}");
        }
    }
    println!("{made}");
    Ok(())
}

async fn measure(url: &str) -> anyhow::Result<Value> {
    let mut connection = Connection::open(url, Purpose::Read).await?;
    // Once unmeasured, so that what comes first does not pay for the disk.
    plain_select(&connection.client).await?;
    let (rows, select) = plain_select(&connection.client).await?;
    let folded = fold(&mut connection).await?;
    let start = Instant::now();
    let replayed = Replay::default().run(&mut connection, Position::MAX).await?;
    let replay = start.elapsed();
    let before = peak_memory();
    let start = Instant::now();
    verify_database(url, false, &Arc::new(Meter::default())).await?;
    let without_rebuild = start.elapsed();
    let start = Instant::now();
    let verified = verify_database(url, true, &Arc::new(Meter::default())).await?;
    let verify = start.elapsed();
    let differences: Vec<String> = verified.differences().map(ToString::to_string).collect();
    anyhow::ensure!(differences.is_empty(), "the log does not verify: {differences:?}");
    let step =
        |name| verified.steps.iter().find(|step| step.step == name).map(|step| json!({"seconds": step.seconds, "checked": step.checked}));
    let (_, again) = plain_select(&connection.client).await?;
    let select = (select + again) / 2;
    Ok(json!({
        "rows": rows,
        "plain_select_seconds": select.as_secs_f64(),
        "plain_select_per_second": rate(rows, select),
        "parse_per_second": rate(folded.events, folded.parse),
        "evolve_per_second": rate(folded.events, folded.evolve),
        "fold_per_second": rate(folded.events, folded.parse + folded.evolve),
        "chain_per_second": rate(folded.events, folded.chain),
        "replay_per_second": rate(replayed.events(), replay),
        "replay_to_select": replay.as_secs_f64() / select.as_secs_f64(),
        "verify_no_rebuild_seconds": without_rebuild.as_secs_f64(),
        "verify_no_rebuild_to_select": without_rebuild.as_secs_f64() / select.as_secs_f64(),
        "verify_seconds": verify.as_secs_f64(),
        "verify_per_second": rate(rows, verify),
        "verify_to_select": verify.as_secs_f64() / select.as_secs_f64(),
        "step_log": step(StepName::Log),
        "step_fold": step(StepName::Fold),
        "step_ownership": step(StepName::Ownership),
        "step_rebuild": step(StepName::Rebuild),
        "step_rows": step(StepName::Rows),
        "peak_memory_mb_before_verify": before,
        "peak_memory_mb": peak_memory(),
    }))
}

/// All columns of all rows, as values, through the same driver, and nothing else.
async fn plain_select(client: &Client) -> anyhow::Result<(u64, Duration)> {
    let start = Instant::now();
    let rows = client.query_raw(sql::VERIFY_LOG, std::iter::empty::<&(dyn ToSql + Sync)>()).await?;
    let mut rows = std::pin::pin!(rows);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let _: (i64, bool, i32, &str, i16, &str) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        let _: (chrono::DateTime<chrono::Utc>, uuid::Uuid, &str) = (row.try_get(6)?, row.try_get(7)?, row.try_get(8)?);
        let _: (Option<uuid::Uuid>, Option<i64>) = (row.try_get(9)?, row.try_get(10)?);
        let _: (Option<&str>, Option<&[u8]>) = (row.try_get(11)?, row.try_get(12)?);
        count += 1;
    }
    Ok((count, start.elapsed()))
}

struct Folded {
    events: u64,
    parse: Duration,
    evolve: Duration,
    chain: Duration,
}

/// The fold alone: rows that are read already, a page at a time.
async fn fold(connection: &mut Connection) -> anyhow::Result<Folded> {
    let mut snapshot = Snapshot::begin(connection, 0).await?;
    let mut folded = Folded { events: 0, parse: Duration::ZERO, evolve: Duration::ZERO, chain: Duration::ZERO };
    let (mut fleet, mut hash) = (Fleet::new(Epoch(1)), conncentric::audit::chain::genesis());
    loop {
        let page = snapshot.next_page().await?;
        if page.is_empty() {
            return Ok(folded);
        }
        let start = Instant::now();
        let recorded: Vec<Recorded> = page.iter().map(LedgerRow::recorded).collect::<Result<_, _>>()?;
        folded.parse += start.elapsed();
        let start = Instant::now();
        for recorded in &recorded {
            fleet = evolve(fleet, recorded)?;
        }
        folded.evolve += start.elapsed();
        let start = Instant::now();
        for row in &page {
            hash = conncentric::audit::chain::link(&hash, row)?;
        }
        folded.chain += start.elapsed();
        folded.events += page.len() as u64;
    }
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    #[expect(clippy::disallowed_methods, reason = "it ends with the client")]
    tokio::spawn(connection);
    Ok(client)
}

fn rate(count: u64, took: Duration) -> u64 {
    let rate = count as f64 / took.as_secs_f64().max(1e-9);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number is enough")]
    let rate = rate as u64;
    rate
}

/// Megabytes that this process ever held at once; nothing where the kernel does not say.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}
