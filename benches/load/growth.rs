//! What a heartbeat costs and how late a takeover is, from ten pods to ten thousand that heartbeat every three seconds.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{interval_at, sleep};

use super::Bench;
use super::drive::percentile;
use super::pod::Pod;
use super::processor::{megabytes, used, used_by_family};
use super::report::Side;
use super::takeover::die;
use super::world::{Orchestrator, World, pace};

/// Pods without sessions, so that a heartbeat is a heartbeat and nothing else.
const SIZES: [u32; 7] = [10, 30, 100, 300, 1000, 3000, 10_000];

const INTERVAL: Duration = Duration::from_secs(3);

/// The shortest in use, which paces the pods, and that of the leases that run out.
const TTL: Duration = Duration::from_secs(6);

/// How long the cost is looked at in each turn: few pods cost little, and the kernel counts in hundredths of a second.
const LOOK: Duration = Duration::from_secs(12);

/// Bytes of WAL so far, and heartbeats.
const WRITTEN: &str = "select (pg_current_wal_insert_lsn() - '0/0')::float8,
    coalesce((select sum(cardinality(registrations)) from event where pulse), 0)::float8";

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let most = bench.plan.scaled(10_000);
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        let database = format!("growth_{size}");
        let world = World::start(&bench.machine, &database, 1).await?;
        world.declare([pace(&format!("{}s", TTL.as_secs()))]).await?;
        let (sender, mut took) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        register(world.address(0)?, &world.pod_token, size, &sender, &mut tasks).await?;
        sleep(INTERVAL).await;
        for turn in 0..bench.plan.turns {
            look(bench, &world, size, &mut took).await?;
            anyhow::ensure!(tasks.try_join_next().is_none(), "a heartbeat was refused");
            let late = die(&world, &format!("g{turn}"), TTL).await?;
            bench.report.add_point("takeover lateness, p50 [ms]", (size, "pods"), percentile(&late.recorded, 0.50));
            bench.report.add_point("takeover lateness, the latest of 40 [ms]", (size, "pods"), percentile(&late.recorded, 1.0));
        }
        drop((tasks, world));
        bench.machine.forget(&database).await?;
    }
    Ok(())
}

async fn register(
    address: SocketAddr,
    token: &str,
    size: u32,
    sender: &mpsc::UnboundedSender<Duration>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let pods = stream::iter(0..size).map(async |number| Pod::register(address, token, &format!("pod-{number}"), 1, &[]).await);
    let mut pods = std::pin::pin!(pods.buffer_unordered(32));
    let mut number = 0;
    while let Some(mut pod) = pods.try_next().await? {
        let sender = sender.clone();
        // Few pods register at the same moment, and would heartbeat at the same moment ever after.
        let first = tokio::time::Instant::now() + INTERVAL * (number % 10) / 10;
        number += 1;
        tasks.spawn(async move {
            let mut beats = interval_at(first, INTERVAL);
            loop {
                beats.tick().await;
                let began = Instant::now();
                if pod.beat().await.is_err() || sender.send(began.elapsed()).is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

/// What heartbeats cost for a while.
async fn look(bench: &mut Bench, world: &World, size: u32, took: &mut mpsc::UnboundedReceiver<Duration>) -> anyhow::Result<()> {
    let orchestrator = world.orchestrators.first().and_then(Orchestrator::pid).context("an orchestrator")?;
    let postgres = bench.machine.postgres().context("a database")?;
    while took.try_recv().is_ok() {}
    let cost = || (used(orchestrator), used_by_family(postgres));
    let (began, before, written) = (Instant::now(), cost(), world.database.client.query_one(WRITTEN, &[]).await?);
    sleep(LOOK).await;
    let (seconds, after) = (began.elapsed().as_secs_f64(), cost());
    let row = world.database.client.query_one(WRITTEN, &[]).await?;
    let column = |index: usize| anyhow::Ok(row.try_get::<_, f64>(index)? - written.try_get::<_, f64>(index)?);
    let beats = column(1)?;
    anyhow::ensure!(beats > 0.0, "no heartbeat is in the log");
    let mut latencies: Vec<Duration> = std::iter::from_fn(|| took.try_recv().ok()).collect();
    latencies.sort_unstable();
    let of_orchestrator = after.0.saturating_sub(before.0).as_secs_f64();
    let of_database = after.1.saturating_sub(before.1).as_secs_f64();
    let points = [
        ("processor of the orchestrator [µs a heartbeat]", of_orchestrator * 1e6 / beats),
        ("processor of the database [µs a heartbeat]", of_database * 1e6 / beats),
        ("processor of the orchestrator [%]", of_orchestrator * 100.0 / seconds),
        ("processor of the database [%]", of_database * 100.0 / seconds),
        ("memory of the orchestrator [MB]", megabytes(orchestrator)),
        ("WAL [bytes a heartbeat]", column(0)? / beats),
        ("heartbeats, p99 [ms]", percentile(&latencies, 0.99).as_secs_f64() * 1000.0),
    ];
    for (curve, value) in points {
        bench.report.add_point(curve, (size, "pods"), value);
    }
    bench.report.add(format!("{size} pods: heartbeats [1/s]"), Side::Ours, beats / seconds);
    Ok(())
}
