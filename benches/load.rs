//! Measures the whole system under load, beside the raw database and beside etcd: `make bench`, or `cargo bench --bench load`.
//!
//! What each row means, and which differences between the sides are honest ones, is in `benches/README.md`. Nothing here is compared
//! across time: the sides take turns, and what counts are the ratios inside one turn.
//!
//! `CONNCENTRIC_BENCH_TURNS` sets how many turns there are (5), `CONNCENTRIC_BENCH_SECONDS` how long each side has (1),
//! `CONNCENTRIC_BENCH_ONLY` names the parts to run, by commas. The parts that take long run only by name: `CONNCENTRIC_BENCH_MINUTES`
//! sets how long the soak is (10), and with `CONNCENTRIC_BENCH_SCALE=0.1` they, and what dies at once, are a tenth as large. With `CONNCENTRIC_BENCH_GUARD=1` it
//! fails if a ratio is below its bound (`benches/load/guard.rs`).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers, which prints")]
#![allow(clippy::cast_precision_loss, reason = "rates for people")]

#[path = "load/batches.rs"]
mod batches;
#[allow(unreachable_pub, reason = "shared with the tests")]
#[path = "../tests/it/support/big_log.rs"]
mod big_log;
#[path = "load/binary.rs"]
mod binary;
#[path = "load/claims.rs"]
mod claims;
#[path = "load/deaths.rs"]
mod deaths;
#[path = "load/drive.rs"]
mod drive;
#[path = "load/etcd.rs"]
mod etcd;
#[path = "load/etcd_messages.rs"]
mod etcd_messages;
#[path = "load/growth.rs"]
mod growth;
#[path = "load/guard.rs"]
mod guard;
#[path = "load/handover.rs"]
mod handover;
#[path = "load/heartbeats.rs"]
mod heartbeats;
#[path = "load/large.rs"]
mod large;
#[path = "load/ledger.rs"]
mod ledger;
#[path = "load/people.rs"]
mod people;
#[path = "load/pod.rs"]
mod pod;
#[path = "load/portal.rs"]
mod portal;
#[path = "load/processor.rs"]
mod processor;
#[path = "load/push.rs"]
mod push;
#[path = "load/report.rs"]
mod report;
#[path = "load/soak.rs"]
mod soak;
#[path = "load/steady.rs"]
mod steady;
#[path = "load/stream.rs"]
mod stream;
#[path = "load/takeover.rs"]
mod takeover;
#[path = "load/wire.rs"]
mod wire;
#[path = "load/world.rs"]
mod world;

use std::time::{Duration, Instant};

use anyhow::Context;

use self::etcd::Etcd;
use self::report::Report;
use self::world::Machine;

/// The parts in their order, and what they measure.
const PARTS: [(&str, &str); 12] = [
    ("batches", "the append function, plain inserts, etcd's transactions"),
    ("heartbeats", "heartbeats"),
    ("claims", "claims"),
    ("claims256", "claims of a crowd"),
    ("takeover", "takeovers"),
    ("deaths", "pods that die at once"),
    ("handover", "handovers"),
    ("push", "pushes"),
    ("portal", "queries of the Portal"),
    ("large", "many sessions at once"),
    ("steady", "10,000 pods, steady"),
    ("binary", "the program itself"),
];

/// Parts that take long, and run only by name.
const LONG_PARTS: [(&str, &str); 3] = [
    ("soak", "10,000 pods with ten sessions each, for minutes"),
    ("growth", "heartbeats and takeovers of ever more pods"),
    ("ledger", "queries of ever longer logs, and a start behind the longest"),
];

/// How often, how long and how large everything is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub turns: usize,
    pub time: Duration,
    /// Of the soak.
    pub minutes: u32,
    /// Of the parts that take long, and of what dies at once: 1 is their full size.
    pub scale: f64,
}

impl Plan {
    pub(crate) fn scaled(&self, full: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
        let scaled = (f64::from(full) * self.scale) as u32;
        scaled
    }
}

/// What every part measures with.
#[derive(Debug)]
pub(crate) struct Bench {
    pub plan: Plan,
    pub machine: Machine,
    /// Nothing where it is not installed.
    pub etcd: Option<Etcd>,
    pub report: Report,
}

fn main() -> anyhow::Result<()> {
    conncentric::limits::raise();
    // One thread, so that the load generator never takes more than one of the processors.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let plan = Plan {
        turns: setting("CONNCENTRIC_BENCH_TURNS", 5)?,
        time: Duration::from_secs_f64(setting("CONNCENTRIC_BENCH_SECONDS", 1.0)?),
        minutes: setting("CONNCENTRIC_BENCH_MINUTES", 10)?,
        scale: setting("CONNCENTRIC_BENCH_SCALE", 1.0)?,
    };
    let only = std::env::var("CONNCENTRIC_BENCH_ONLY").unwrap_or_default();
    let parts = wanted(&only)?;
    let machine = Machine::start().await?;
    // The long parts have no peer, and it costs processor time to have it stand by.
    let etcd = if parts.iter().any(|part| PARTS.contains(part)) { Etcd::start(&machine.home).await? } else { None };
    if etcd.is_none() {
        println!("there is no peer to compare with: these parts have none, or etcd is not installed (make bench-peers)");
    }
    let mut bench = Bench { plan, machine, etcd, report: Report::default() };
    let measured = measure(&mut bench, &parts).await;
    bench.report.print();
    bench.report.write(plan, &only)?;
    drop(bench.etcd);
    bench.machine.stop().await?;
    measured?;
    if std::env::var_os("CONNCENTRIC_BENCH_GUARD").is_some() { guard::check(&bench.report) } else { Ok(()) }
}

/// The parts that are asked for, by commas, in their own order.
fn wanted(only: &str) -> anyhow::Result<Vec<(&'static str, &'static str)>> {
    if only.is_empty() {
        return Ok(PARTS.to_vec());
    }
    let named = PARTS.into_iter().chain(LONG_PARTS);
    let unknown = only.split(',').find(|name| named.clone().all(|(part, _)| part != *name));
    if let Some(unknown) = unknown {
        let all: Vec<&str> = named.map(|(part, _)| part).collect();
        anyhow::bail!("CONNCENTRIC_BENCH_ONLY: there is no part {unknown}, but {}", all.join(", "));
    }
    Ok(named.filter(|(part, _)| only.split(',').any(|name| name == *part)).collect())
}

async fn measure(bench: &mut Bench, parts: &[(&str, &'static str)]) -> anyhow::Result<()> {
    let began = Instant::now();
    let tell = |part: &str| eprintln!("{:6.1} s  {part}", began.elapsed().as_secs_f64());
    for &(part, what) in parts {
        tell(what);
        measure_part(bench, part).await.context(what)?;
    }
    tell("done");
    Ok(())
}

async fn measure_part(bench: &mut Bench, part: &str) -> anyhow::Result<()> {
    match part {
        "batches" => batches::measure(bench).await,
        "heartbeats" => heartbeats::measure(bench).await,
        "claims" => claims::measure(bench).await,
        "claims256" => claims::measure_crowd(bench).await,
        "takeover" => takeover::measure(bench).await,
        "deaths" => deaths::measure(bench).await,
        "handover" => handover::measure(bench).await,
        "push" => push::measure(bench).await,
        "portal" => portal::measure(bench).await,
        "large" => large::measure(bench).await,
        "steady" => steady::measure(bench).await,
        "binary" => binary::measure(bench),
        "soak" => soak::measure(bench).await,
        "growth" => growth::measure(bench).await,
        "ledger" => ledger::measure(bench).await,
        _ => anyhow::bail!("nothing measures it"),
    }
}

fn setting<T>(variable: &str, default: T) -> anyhow::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    std::env::var(variable).map_or(Ok(default), |text| text.parse()).with_context(|| format!("{variable} is a number"))
}
