//! A hundred pods and a thousand that die at once: how late each of their sessions has its next owner; etcd's leases beside it.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Bench;
use super::drive::{Client, percentile};
use super::etcd::{Etcd, KeepAlive, Unary, Watcher};
use super::pod::Pod;
use super::report::Side;
use super::takeover::{Late, PATIENCE, TTL, TTL_SECONDS, milliseconds, position, sorted, stand_by, taken_over};
use super::world::{World, document};

/// Pods that die at once.
const CROWDS: [usize; 2] = [100, 1000];

/// Of them that are set up at the same time.
const SETTING_UP: usize = 32;

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "deaths", 2).await?;
    let most = usize::try_from(bench.plan.scaled(1000))?;
    for turn in 0..bench.plan.turns {
        for crowd in CROWDS.into_iter().filter(|crowd| *crowd <= most) {
            let late = die(&world, &format!("d{turn}-{crowd}"), crowd).await?;
            add(bench, crowd, Side::Ours, &late);
            if let Some(etcd) = &bench.etcd {
                let late = expire(etcd, &format!("deaths-{turn}-{crowd}"), crowd).await?;
                add(bench, crowd, Side::Peer, &Late { recorded: late.clone(), heard: late });
            }
        }
    }
    Ok(())
}

fn add(bench: &mut Bench, crowd: usize, side: Side, late: &Late) {
    let row = format!("takeover lateness, {crowd} pods that die at once");
    bench.report.add_lateness(&row, side, &late.recorded);
    bench.report.add(format!("{row}, the last as the successor hears it [ms]"), side, percentile(&late.heard, 1.0));
}

/// All of them heartbeat once more at the same moment, and one standby takes their sessions over.
async fn die(world: &World, turn: &str, crowd: usize) -> anyhow::Result<Late> {
    let before = position(world).await?;
    let names: Vec<String> = (0..crowd).map(|number| format!("{turn}-{number}")).collect();
    let (now, signal) = watch::channel(false);
    let mut lives = JoinSet::new();
    let mut victims = Vec::new();
    let mut settled = stream::iter(&names).map(|name| live_with_a_lease(world, name, turn)).buffer_unordered(SETTING_UP);
    while let Some(pod) = settled.try_next().await? {
        victims.push((pod.lease()?.session.to_string(), pod.registration.0));
        lives.spawn(live(pod, signal.clone()));
    }
    drop(settled);
    let mut tasks = JoinSet::new();
    let mut heard = stand_by(world, turn, TTL, &mut tasks).await?;
    now.send_replace(true);
    let mut last = HashMap::new();
    while let Some(ended) = lives.join_next().await {
        let (pod, at) = ended??;
        last.insert(pod.lease()?.session.to_string(), at);
    }
    taken_over(world, &names, &victims, &mut heard, &last, (before, TTL)).await
}

/// Its session is declared just before: a thousand that nobody can take yet would be tried anew whenever a pod comes.
async fn live_with_a_lease(world: &World, name: &str, turn: &str) -> anyhow::Result<Pod> {
    world.declare([document(name, 1, &format!("{TTL_SECONDS}s"), ("turn", turn))]).await?;
    let mut pod = Pod::register(world.address(0)?, &world.pod_token, name, 1, &[("turn", turn)]).await?;
    pod.until_leased(1).await?;
    Ok(pod)
}

/// Heartbeats until it is told to die, and once more then: when that was answered.
async fn live<C: Client>(mut client: C, mut signal: watch::Receiver<bool>) -> anyhow::Result<(C, Instant)> {
    while timeout(TTL / 4, signal.wait_for(|now| *now)).await.is_err() {
        client.step().await?;
    }
    client.step().await?;
    Ok((client, Instant::now()))
}

/// Leases of etcd's that are renewed once more at the same moment, and when a watcher hears that their keys have gone.
async fn expire(etcd: &Etcd, prefix: &str, crowd: usize) -> anyhow::Result<Vec<f64>> {
    let mut watcher = Watcher::open(etcd, &format!("{prefix}/"), &format!("{prefix}0")).await?;
    let (now, signal) = watch::channel(false);
    let mut lives = JoinSet::new();
    let opened = stream::iter(0..crowd).map(async |number| anyhow::Ok((number, KeepAlive::open(etcd, TTL_SECONDS).await?)));
    let mut opened = std::pin::pin!(opened.buffer_unordered(SETTING_UP));
    let mut held = Vec::new();
    while let Some((number, keeper)) = opened.try_next().await? {
        held.push((number, keeper.lease));
        let signal = signal.clone();
        lives.spawn(async move { anyhow::Ok((number, live(keeper, signal).await?)) });
    }
    let mut unary = Unary::open(etcd).await?;
    for (number, lease) in held {
        unary.put(&format!("{prefix}/{number}"), lease).await?;
    }
    now.send_replace(true);
    let ended = lives.join_all().await.into_iter();
    // The streams stay open, as those of a process that hangs do.
    let last: HashMap<String, (KeepAlive, Instant)> =
        ended.map(|ended| ended.map(|(number, live)| (format!("{prefix}/{number}"), live))).collect::<anyhow::Result<_>>()?;
    let mut late = Vec::new();
    let watching = async {
        while late.len() < crowd {
            let keys = watcher.gone().await?;
            let heard = Instant::now();
            late.extend(keys.iter().filter_map(|key| Some(milliseconds(heard, last.get(key)?.1 + TTL))));
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, watching).await.context("not all leases of etcd's ran out")??;
    Ok(sorted(late.into_iter()))
}
