//! Measures the whole system under load, beside the raw database and beside etcd: `make bench`, or `cargo bench --bench load`.
//!
//! What each row means, and which differences between the sides are honest ones, is in `benches/README.md`. Nothing here is compared
//! across time: the sides take turns, and what counts are the ratios inside one turn.
//!
//! `CONNCENTRIC_BENCH_TURNS` sets how many turns there are (5), `CONNCENTRIC_BENCH_SECONDS` how long each side has (1),
//! `CONNCENTRIC_BENCH_ONLY` names the parts to run (`batches`, `heartbeats`, `claims`, `takeover`, `push`, `large`,
//! `steady`), by commas. With `CONNCENTRIC_BENCH_GUARD=1` it fails if a ratio is below its bound (`benches/load/guard.rs`).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers, which prints")]
#![allow(clippy::cast_precision_loss, reason = "rates for people")]

#[path = "load/batches.rs"]
mod batches;
#[path = "load/claims.rs"]
mod claims;
#[path = "load/drive.rs"]
mod drive;
#[path = "load/etcd.rs"]
mod etcd;
#[path = "load/etcd_messages.rs"]
mod etcd_messages;
#[path = "load/guard.rs"]
mod guard;
#[path = "load/heartbeats.rs"]
mod heartbeats;
#[path = "load/large.rs"]
mod large;
#[path = "load/pod.rs"]
mod pod;
#[path = "load/processor.rs"]
mod processor;
#[path = "load/push.rs"]
mod push;
#[path = "load/report.rs"]
mod report;
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

/// How often and how long everything is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub turns: usize,
    pub time: Duration,
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
    let plan =
        Plan { turns: setting("CONNCENTRIC_BENCH_TURNS", 5)?, time: Duration::from_secs_f64(setting("CONNCENTRIC_BENCH_SECONDS", 1.0)?) };
    let only = std::env::var("CONNCENTRIC_BENCH_ONLY").unwrap_or_default();
    let wanted = |part: &str| only.is_empty() || only.split(',').any(|name| name == part);
    let machine = Machine::start().await?;
    let etcd = Etcd::start(&machine.home).await?;
    if etcd.is_none() {
        println!("etcd is not installed, so there is no peer to compare with: make bench-peers");
    }
    let mut bench = Bench { plan, machine, etcd, report: Report::default() };
    let measured = measure(&mut bench, wanted).await;
    bench.report.print();
    bench.report.write(plan)?;
    drop(bench.etcd);
    bench.machine.stop().await?;
    measured?;
    if std::env::var_os("CONNCENTRIC_BENCH_GUARD").is_some() { guard::check(&bench.report) } else { Ok(()) }
}

async fn measure(bench: &mut Bench, wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    let tell = |part: &str| eprintln!("{:6.1} s  {part}", began.elapsed().as_secs_f64());
    if wanted("batches") {
        tell("batches: the append function, plain inserts, etcd's transactions");
        batches::measure(bench).await.context("batches")?;
    }
    if wanted("heartbeats") {
        tell("heartbeats");
        heartbeats::measure(bench).await.context("heartbeats")?;
    }
    if wanted("claims") {
        tell("claims");
        claims::measure(bench).await.context("claims")?;
    }
    if wanted("takeover") {
        tell("takeovers");
        takeover::measure(bench).await.context("takeovers")?;
    }
    if wanted("push") {
        tell("pushes");
        push::measure(bench).await.context("pushes")?;
    }
    if wanted("large") {
        tell("many sessions at once");
        large::measure(bench).await.context("many sessions at once")?;
    }
    if wanted("steady") {
        tell("10,000 pods, steady");
        steady::measure(bench).await.context("10,000 pods, steady")?;
    }
    tell("done");
    Ok(())
}

fn setting<T>(variable: &str, default: T) -> anyhow::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    std::env::var(variable).map_or(Ok(default), |text| text.parse()).with_context(|| format!("{variable} is a number"))
}
