//! Ten thousand pods that heartbeat every three seconds: what it costs, and how late the latest answer is.

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
use super::world::{Orchestrator, World, pace};

const PODS: usize = 10_000;
const INTERVAL: Duration = Duration::from_secs(3);

/// Bytes of WAL that were written, and of the tables and indexes that hold pulses.
const WRITTEN: &str = "select (pg_current_wal_insert_lsn() - '0/0')::float8,
    (select sum(pg_total_relation_size(inhrelid))::float8 from pg_inherits where inhparent = 'event_pulse'::regclass),
    (select sum(cardinality(registrations))::float8 from event where pulse)";

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "steady", 1).await?;
    world.declare([pace(&format!("{}s", INTERVAL.as_secs() * 4))]).await?;
    let address = world.address(0)?;
    let mut tasks = JoinSet::new();
    let (sender, mut took) = mpsc::unbounded_channel();
    let register = |number: usize| {
        let token = &world.pod_token;
        async move { Pod::register(address, token, &format!("pod-{number}"), 1, &[]).await }
    };
    let mut pods = stream::iter(0..PODS).map(register).buffer_unordered(32);
    let began = Instant::now();
    while let Some(pod) = pods.try_next().await? {
        let sender = sender.clone();
        tasks.spawn(beat(pod, sender));
    }
    drop(pods);
    bench.report.add("registrations one after the other, 32 in flight [1/s]", Side::Ours, PODS as f64 / began.elapsed().as_secs_f64());
    let orchestrator = world.orchestrators.first().and_then(Orchestrator::pid).context("an orchestrator")?;
    let postgres = bench.machine.postgres().context("a database")?;
    sleep(INTERVAL).await;
    for _ in 0..bench.plan.turns {
        while took.try_recv().is_ok() {}
        let (began, before) =
            (Instant::now(), (used(orchestrator), used_by_family(postgres), world.database.client.query_one(WRITTEN, &[]).await?));
        sleep(INTERVAL).await;
        let (after, seconds) = (
            (used(orchestrator), used_by_family(postgres), world.database.client.query_one(WRITTEN, &[]).await?),
            began.elapsed().as_secs_f64(),
        );
        let mut latencies: Vec<f64> = Vec::new();
        while let Ok(latency) = took.try_recv() {
            latencies.push(Duration::as_secs_f64(&latency) * 1000.0);
        }
        latencies.sort_unstable_by(f64::total_cmp);
        let column = |index: usize| anyhow::Ok(after.2.try_get::<_, f64>(index)? - before.2.try_get::<_, f64>(index)?);
        let beats = column(2)?;
        let rows = [
            ("heartbeats [1/s]", beats / seconds),
            ("processor of the orchestrator [%]", after.0.saturating_sub(before.0).as_secs_f64() * 100.0 / seconds),
            ("processor of the database [%]", after.1.saturating_sub(before.1).as_secs_f64() * 100.0 / seconds),
            ("memory of the orchestrator [MB]", megabytes(orchestrator)),
            ("WAL [bytes each]", column(0)? / beats),
            ("table and index [bytes each]", column(1)? / beats),
            ("p50 [ms]", percentile(&latencies, 0.50)),
            ("p99.9 [ms]", percentile(&latencies, 0.999)),
        ];
        for (row, value) in rows {
            bench.report.add(format!("10,000 pods every 3 s, {row}"), Side::Ours, value);
        }
    }
    Ok(())
}

/// At its own moment of the interval, which is that of its registration.
async fn beat(mut pod: Pod, took: mpsc::UnboundedSender<Duration>) {
    let mut beats = interval_at(tokio::time::Instant::now() + INTERVAL / 2, INTERVAL);
    loop {
        beats.tick().await;
        let began = Instant::now();
        if pod.beat().await.is_err() || took.send(began.elapsed()).is_err() {
            return;
        }
    }
}
