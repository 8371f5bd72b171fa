//! How long after the timeout a dead pod's session has its next owner, alone and beside heartbeats of others; etcd's leases beside it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use super::Bench;
use super::drive::{Client, percentile};
use super::etcd::{Etcd, KeepAlive, Unary, Watcher};
use super::pod::Pod;
use super::report::Side;
use super::stream::{Started, listen};
use super::world::{World, document};

/// Pods that die in each turn, one after the other within a second.
const DEAD: usize = 40;

/// In seconds; the shortest that etcd grants with its default settings.
const TTL_SECONDS: i64 = 2;
const TTL: Duration = Duration::from_secs(TTL_SECONDS.unsigned_abs());

/// Heartbeats a second of others.
const LOAD: u32 = 10_000;
const LOAD_PODS: u32 = 64;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "takeover", 2).await?;
    let mut pooled: HashMap<&str, Vec<f64>> = HashMap::new();
    for turn in 0..bench.plan.turns {
        for loaded in [false, true] {
            let row = if loaded { "takeover lateness beside 10,000 heartbeats/s" } else { "takeover lateness" };
            let mut others = JoinSet::new();
            if loaded {
                load(&world, turn, &mut others).await?;
            }
            let late = die(&world, &format!("t{turn}{}", if loaded { "l" } else { "a" })).await?;
            others.shutdown().await;
            add(bench, row, Side::Ours, &late.recorded);
            add(bench, &format!("{row}, as the successor hears it"), Side::Ours, &late.heard);
            pooled.entry(row).or_default().extend(late.recorded);
        }
        if let Some(etcd) = &bench.etcd {
            let late = expire(etcd, turn).await?;
            add(bench, "takeover lateness", Side::Peer, &late);
            add(bench, "takeover lateness, as the successor hears it", Side::Peer, &late);
        }
    }
    for (row, mut late) in pooled {
        late.sort_unstable_by(f64::total_cmp);
        bench.report.add(format!("{row}, all turns, p99 [ms]"), Side::Ours, percentile(&late, 0.99));
    }
    Ok(())
}

fn add(bench: &mut Bench, row: &str, side: Side, sorted: &[f64]) {
    bench.report.add(format!("{row}, p50 [ms]"), side, percentile(sorted, 0.50));
    bench.report.add(format!("{row}, p99 [ms]"), side, percentile(sorted, 0.99));
}

/// In milliseconds, in order.
struct Late {
    /// Of the claim in the log, beyond the last heartbeat in the log and the timeout.
    recorded: Vec<f64>,
    /// Of the order to start, beyond the last answer to a heartbeat and the timeout, by the load generator's clock.
    heard: Vec<f64>,
}

/// Pods of one session each fall silent, and one standby takes all over.
async fn die(world: &World, turn: &str) -> anyhow::Result<Late> {
    let before: i64 = world.database.client.query_one("select position from event_head", &[]).await?.try_get(0)?;
    let names: Vec<String> = (0..DEAD).map(|number| format!("{turn}-{number}")).collect();
    world.declare(names.iter().map(|name| document(name, 1, &format!("{TTL_SECONDS}s"), ("turn", turn)))).await?;
    let register = |name: String| async move {
        let mut pod = Pod::register(world.address(0)?, &world.pod_token, &name, 1, &[("turn", turn)]).await?;
        pod.until_leased(1).await?;
        anyhow::Ok(pod)
    };
    let pods = try_join_all(names.iter().cloned().map(register)).await?;
    let victims: Vec<(String, i32)> =
        pods.iter().map(|pod| anyhow::Ok((pod.lease()?.session.to_string(), pod.registration.0))).collect::<Result<_, _>>()?;
    let mut standby = Pod::register(world.address(1)?, &world.pod_token, &format!("{turn}-standby"), 1000, &[("turn", turn)]).await?;
    let mut tasks = JoinSet::new();
    let (sender, mut heard) = mpsc::unbounded_channel();
    listen(&mut tasks, world.address(1)?, &world.pod_token, &standby.holder(), sender).await?;
    tasks.spawn(async move {
        let mut beats = interval(TTL / 4);
        while standby.step().await.is_ok() {
            beats.tick().await;
        }
    });
    let last: HashMap<String, Instant> = try_join_all(pods.into_iter().enumerate().map(last_words)).await?.into_iter().collect();
    let heard = timeout(PATIENCE, hear(&mut heard, &last)).await.context("not all sessions were taken over")??;
    let (sessions, registrations): (Vec<String>, Vec<i32>) = victims.into_iter().unzip();
    let rows = world.database.client.query(include_str!("lateness.sql"), &[&sessions, &registrations, &before]).await?;
    let recorded: Vec<f64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    anyhow::ensure!(recorded.len() == DEAD, "{} takeovers of {DEAD} are in the log", recorded.len());
    let disable = serde_json::json!({ "names": names, "reason": "the turn is over" });
    world.call(reqwest::Method::POST, "/v1/adapters/disable", &disable).await?;
    Ok(Late { recorded, heard })
}

/// Heartbeats a few times more and falls silent. Each at another moment, none a round number of anything.
async fn last_words((number, mut pod): (usize, Pod)) -> anyhow::Result<(String, Instant)> {
    pod.beat().await?;
    sleep(Duration::from_micros(7_300) * u32::try_from(number)?).await;
    pod.beat().await?;
    sleep(TTL / 4 + Duration::from_micros(9_700) * u32::try_from(number)?).await;
    pod.beat().await?;
    Ok((pod.lease()?.session.to_string(), Instant::now()))
}

async fn hear(heard: &mut mpsc::UnboundedReceiver<Started>, last: &HashMap<String, Instant>) -> anyhow::Result<Vec<f64>> {
    let mut late = HashMap::new();
    while late.len() < last.len() {
        let started = heard.recv().await.context("the stream ended")?;
        let session = started.session.to_string();
        if let Some(at) = last.get(&session) {
            late.insert(session, milliseconds(started.at, *at + TTL));
        }
    }
    Ok(sorted(late.into_values()))
}

/// Others heartbeat at a steady rate, half at each orchestrator.
async fn load(world: &World, turn: usize, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
    for number in 0..LOAD_PODS {
        let name = format!("load-{turn}-{number}");
        let mut pod = Pod::register(world.address(usize::try_from(number)? % 2)?, &world.pod_token, &name, 0, &[]).await?;
        tasks.spawn(async move {
            let mut beats = interval(Duration::from_secs(1) * LOAD_PODS / LOAD);
            while pod.step().await.is_ok() {
                beats.tick().await;
            }
        });
    }
    Ok(())
}

/// Leases of etcd's that are not renewed any more, and when a watcher hears that their keys have gone.
async fn expire(etcd: &Etcd, turn: usize) -> anyhow::Result<Vec<f64>> {
    let prefix = format!("takeover-{turn}");
    let mut watcher = Watcher::open(etcd, &format!("{prefix}/"), &format!("{prefix}0")).await?;
    let live = async |number: usize| {
        let mut keeper = KeepAlive::open(etcd, TTL_SECONDS).await?;
        let key = format!("{prefix}/{number}");
        Unary::open(etcd).await?.put(&key, keeper.lease).await?;
        sleep(Duration::from_micros(19_300) * u32::try_from(number)?).await;
        keeper.step().await?;
        anyhow::Ok((key, Instant::now()))
    };
    let lives = try_join_all((0..DEAD).map(live));
    let mut gone = HashMap::new();
    let watching = async {
        while gone.len() < DEAD {
            let keys = watcher.gone().await?;
            let now = Instant::now();
            gone.extend(keys.into_iter().map(|key| (key, now)));
        }
        anyhow::Ok(())
    };
    let both = futures_util::future::try_join(lives, watching);
    let (last, ()) = timeout(PATIENCE, both).await.context("not all leases of etcd's ran out")??;
    let late = last.iter().filter_map(|(key, at)| Some(milliseconds(*gone.get(key)?, *at + TTL)));
    Ok(sorted(late))
}

fn milliseconds(at: Instant, due: Instant) -> f64 {
    if at >= due { (at - due).as_secs_f64() * 1000.0 } else { -(due - at).as_secs_f64() * 1000.0 }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}
