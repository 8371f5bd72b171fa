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
pub(crate) const TTL_SECONDS: i64 = 2;
pub(crate) const TTL: Duration = Duration::from_secs(TTL_SECONDS.unsigned_abs());

/// Heartbeats a second of others.
const LOAD: u32 = 10_000;
const LOAD_PODS: u32 = 64;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

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
            let late = die(&world, &format!("t{turn}{}", if loaded { "l" } else { "a" }), TTL).await?;
            others.shutdown().await;
            bench.report.add_lateness(row, Side::Ours, &late.recorded);
            bench.report.add_lateness(&format!("{row}, as the successor hears it"), Side::Ours, &late.heard);
            pooled.entry(row).or_default().extend(late.recorded);
        }
        if let Some(etcd) = &bench.etcd {
            let late = expire(etcd, turn).await?;
            bench.report.add_lateness("takeover lateness", Side::Peer, &late);
            bench.report.add_lateness("takeover lateness, as the successor hears it", Side::Peer, &late);
        }
    }
    for (row, mut late) in pooled {
        late.sort_unstable_by(f64::total_cmp);
        bench.report.add(format!("{row}, all turns, p99 [ms]"), Side::Ours, percentile(&late, 0.99));
    }
    Ok(())
}

/// In milliseconds, in order.
#[derive(Debug)]
pub(crate) struct Late {
    /// Of the claim in the log, beyond the last heartbeat in the log and the timeout.
    pub recorded: Vec<f64>,
    /// Of the order to start, beyond the last answer to a heartbeat and the timeout, by the load generator's clock.
    pub heard: Vec<f64>,
}

/// Pods of one session each fall silent, and one standby at the last orchestrator takes all over.
pub(crate) async fn die(world: &World, turn: &str, ttl: Duration) -> anyhow::Result<Late> {
    let before = position(world).await?;
    let names: Vec<String> = (0..DEAD).map(|number| format!("{turn}-{number}")).collect();
    world.declare(names.iter().map(|name| document(name, 1, &format!("{}s", ttl.as_secs()), ("turn", turn)))).await?;
    let register = |name: String| async move {
        let mut pod = Pod::register(world.address(0)?, &world.pod_token, &name, 1, &[("turn", turn)]).await?;
        pod.until_leased(1).await?;
        anyhow::Ok(pod)
    };
    let pods = try_join_all(names.iter().cloned().map(register)).await?;
    let victims: Vec<(String, i32)> =
        pods.iter().map(|pod| anyhow::Ok((pod.lease()?.session.to_string(), pod.registration.0))).collect::<Result<_, _>>()?;
    let mut tasks = JoinSet::new();
    let mut heard = stand_by(world, turn, ttl, &mut tasks).await?;
    let last = try_join_all(pods.into_iter().enumerate().map(|numbered| last_words(numbered, ttl))).await?.into_iter().collect();
    taken_over(world, &names, &victims, &mut heard, &last, (before, ttl)).await
}

pub(crate) async fn position(world: &World) -> anyhow::Result<i64> {
    Ok(world.database.client.query_one("select position from event_head", &[]).await?.try_get(0)?)
}

/// A pod with room for all, at the last orchestrator, and what it is told to start.
pub(crate) async fn stand_by(
    world: &World,
    turn: &str,
    ttl: Duration,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<mpsc::UnboundedReceiver<Started>> {
    let address = world.address(world.orchestrators.len() - 1)?;
    let mut standby = Pod::register(address, &world.pod_token, &format!("{turn}-standby"), 1000, &[("turn", turn)]).await?;
    let (sender, heard) = mpsc::unbounded_channel();
    listen(tasks, address, &world.pod_token, &standby.holder(), sender).await?;
    tasks.spawn(async move {
        let mut beats = interval(ttl / 4);
        while standby.step().await.is_ok() {
            beats.tick().await;
        }
    });
    Ok(heard)
}

/// Waits until all sessions are taken over, and looks in the log how late that was. Then the adapters are disabled.
pub(crate) async fn taken_over(
    world: &World,
    names: &[String],
    victims: &[(String, i32)],
    heard: &mut mpsc::UnboundedReceiver<Started>,
    last: &HashMap<String, Instant>,
    (before, ttl): (i64, Duration),
) -> anyhow::Result<Late> {
    let heard = timeout(PATIENCE, hear(heard, last, ttl)).await.context("not all sessions were taken over")??;
    let (sessions, registrations): (Vec<String>, Vec<i32>) = victims.iter().cloned().unzip();
    let rows = world.database.client.query(include_str!("lateness.sql"), &[&sessions, &registrations, &before]).await?;
    let recorded: Vec<f64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    anyhow::ensure!(recorded.len() == victims.len(), "{} takeovers of {} are in the log", recorded.len(), victims.len());
    let disable = serde_json::json!({ "names": names, "reason": "the turn is over" });
    world.call(reqwest::Method::POST, "/v1/adapters/disable", &disable).await?;
    Ok(Late { recorded, heard })
}

/// Heartbeats a few times more and falls silent. Each at another moment, none a round number of anything.
async fn last_words((number, mut pod): (usize, Pod), ttl: Duration) -> anyhow::Result<(String, Instant)> {
    pod.beat().await?;
    sleep(Duration::from_micros(7_300) * u32::try_from(number)?).await;
    pod.beat().await?;
    sleep(ttl / 4 + Duration::from_micros(9_700) * u32::try_from(number)?).await;
    pod.beat().await?;
    Ok((pod.lease()?.session.to_string(), Instant::now()))
}

async fn hear(heard: &mut mpsc::UnboundedReceiver<Started>, last: &HashMap<String, Instant>, ttl: Duration) -> anyhow::Result<Vec<f64>> {
    let mut late = HashMap::new();
    while late.len() < last.len() {
        let started = heard.recv().await.context("the stream ended")?;
        let session = started.session.to_string();
        if let Some(at) = last.get(&session) {
            late.insert(session, milliseconds(started.at, *at + ttl));
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

pub(crate) fn milliseconds(at: Instant, due: Instant) -> f64 {
    if at >= due { (at - due).as_secs_f64() * 1000.0 } else { -(due - at).as_secs_f64() * 1000.0 }
}

pub(crate) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}
