//! Heartbeats as fast as they are answered: of ever more pods, and of pods with many leases.

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Bench;
use super::drive::{Load, drive};
use super::etcd::KeepAlive;
use super::pod::Pod;
use super::processor::{megabytes, used, used_by_family};
use super::report::Side;
use super::world::{Orchestrator, World, document};

/// Pods with one lease each, so many at once.
const POINTS: [usize; 3] = [8, 64, 512];

/// Pods with many leases.
const LOADED: usize = 64;
const SESSIONS: usize = 100;

/// So long that no lease runs out while others have their turn.
const TTL: &str = "1h";

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "heartbeats", 1).await?;
    let most = POINTS.into_iter().max().unwrap_or_default();
    let mut pods = pods(&world, "pod", most, 1).await?;
    let mut loaded = self::pods(&world, "loaded", LOADED, SESSIONS).await?;
    let mut keepers = match &bench.etcd {
        Some(etcd) => stream::iter(0..most).map(|_| KeepAlive::open(etcd, 3600)).buffered(16).try_collect().await?,
        None => Vec::new(),
    };
    for _ in 0..bench.plan.turns {
        let mut best = 0.0_f64;
        for count in POINTS {
            let row = format!("heartbeats, {count} pods");
            let ours = point(bench, &world, &row, pods.get_mut(..count).context("pods")?).await?;
            bench.report.add_load(&row, Side::Ours, &ours);
            if !keepers.is_empty() {
                let theirs = drive(keepers.get_mut(..count).context("streams")?, bench.plan.time).await?;
                bench.report.add_load(&row, Side::Peer, &theirs);
                best = best.max(theirs.per_second());
            }
        }
        let row = format!("leases renewed, {LOADED} pods with {SESSIONS} sessions");
        let ours = point(bench, &world, &row, &mut loaded).await?;
        bench.report.add(format!("{row} [1/s]"), Side::Ours, ours.per_second() * SESSIONS as f64);
        let orchestrator = world.orchestrators.first().and_then(Orchestrator::pid).context("an orchestrator")?;
        bench.report.add("memory of an orchestrator with 576 pods and 6,912 sessions [MB]", Side::Ours, megabytes(orchestrator));
        if best > 0.0 {
            // A lease of etcd's is one lease, however many keys hang on it.
            bench.report.add(format!("{row} [1/s]"), Side::Peer, best);
        }
    }
    Ok(())
}

/// One measurement of ours, with what it cost whom.
async fn point(bench: &mut Bench, world: &World, row: &str, pods: &mut [Pod]) -> anyhow::Result<Load> {
    let orchestrator = world.orchestrators.first().and_then(Orchestrator::pid).context("an orchestrator")?;
    let postgres = bench.machine.postgres().context("a database")?;
    let us = rustix::process::getpid();
    let cost = || [("orchestrator", used(orchestrator)), ("database", used_by_family(postgres)), ("load generator", used(us))];
    let before = (cost(), written(world).await?);
    let load = drive(pods, bench.plan.time).await?;
    let after = (cost(), written(world).await?);
    // With those of the warm-up.
    let beats = (load.steps + pods.len()) as f64;
    for ((who, before), (_, after)) in before.0.into_iter().zip(after.0) {
        let microseconds = after.saturating_sub(before).as_secs_f64() * 1e6 / beats;
        bench.report.add(format!("{row}, processor time of the {who} [µs each]"), Side::Ours, microseconds);
    }
    bench.report.add(format!("{row}, WAL [bytes each]"), Side::Ours, (after.1 - before.1) / beats);
    Ok(load)
}

/// Bytes of WAL that the server has written so far.
async fn written(world: &World) -> anyhow::Result<f64> {
    let row = world.database.client.query_one("select (pg_current_wal_insert_lsn() - '0/0')::float8", &[]).await?;
    Ok(row.try_get(0)?)
}

/// Pods with so many sessions each.
pub(crate) async fn pods(world: &World, kind: &str, count: usize, sessions: usize) -> anyhow::Result<Vec<Pod>> {
    let names: Vec<String> = (0..count).map(|number| format!("{kind}-{number}")).collect();
    world.declare(names.iter().map(|name| document(name, sessions, TTL, ("of", name)))).await?;
    let address = world.address(0)?;
    let capacity = u32::try_from(sessions)?;
    let register = |name: String| async move { Pod::register(address, &world.pod_token, &name, capacity, &[("of", &name)]).await };
    let pods: Vec<Pod> = stream::iter(names).map(register).buffered(16).try_collect().await?;
    anyhow::ensure!(pods.iter().all(|pod| pod.leases() == sessions), "not every pod has got its sessions");
    Ok(pods)
}
