//! Queries of the Portal, alone and beside heartbeats and changes, and what the heartbeats notice of them.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Bench;
use super::drive::percentile;
use super::heartbeats::pods;
use super::people::{Question, ask, lists, pages};
use super::pod::Pod;
use super::report::Side;
use super::world::World;

/// Pods that own the sessions that are looked at, 100 each and 10,000 in all.
const OWNERS: usize = 100;
const SESSIONS: usize = 100;

/// Others, and their heartbeats a second in all.
const OTHERS: u32 = 64;
const HEARTBEATS: u32 = 10_000;

/// Sessions a second that fall ill or recover, which is a ledger event each.
const CHANGES: u32 = 200;

/// How often each question is asked in a turn.
const TIMES: usize = 20;

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "portal", 1).await?;
    let mut owners = pods(&world, "pod", OWNERS, SESSIONS).await?;
    // All of them say that they are ACTIVE, which is recorded once.
    for owner in &mut owners {
        owner.beat().await?;
    }
    let questions: Vec<Question> = lists().into_iter().chain(pages("pod-7", "pod-7")).collect();
    for (_, path) in &questions {
        // The first time opens connections.
        world.look(path).await?;
    }
    for turn in 0..bench.plan.turns {
        put(bench, &world, &questions, "alone").await?;
        let (mut load, mut took) = start(&world, turn, owners).await?;
        sleep(bench.plan.time).await;
        bench.report.add("heartbeats under load while nobody looks, p99 [ms]", Side::Ours, p99(&mut took));
        put(bench, &world, &questions, "under load").await?;
        bench.report.add("heartbeats under load while the Portal asks, p99 [ms]", Side::Ours, p99(&mut took));
        owners = load.stop().await?;
    }
    Ok(())
}

async fn put(bench: &mut Bench, world: &World, questions: &[Question], beside: &str) -> anyhow::Result<()> {
    for (what, path) in questions {
        let took = ask(world, path, TIMES).await?;
        bench.report.add(format!("Portal, {what}, {beside}, p50 [ms]"), Side::Ours, percentile(&took, 0.5));
        bench.report.add(format!("Portal, {what}, {beside}, the longest [ms]"), Side::Ours, percentile(&took, 1.0));
    }
    Ok(())
}

/// Milliseconds, of what has come in since the last time.
fn p99(took: &mut mpsc::UnboundedReceiver<Duration>) -> f64 {
    let mut latencies: Vec<Duration> = std::iter::from_fn(|| took.try_recv().ok()).collect();
    latencies.sort_unstable();
    percentile(&latencies, 0.99).as_secs_f64() * 1000.0
}

/// What goes on meanwhile.
struct Load {
    heartbeats: JoinSet<()>,
    changes: JoinSet<anyhow::Result<Vec<Pod>>>,
    enough: tokio_util::sync::CancellationToken,
}

impl Load {
    /// Gives back who owns the sessions.
    async fn stop(&mut self) -> anyhow::Result<Vec<Pod>> {
        self.enough.cancel();
        self.heartbeats.shutdown().await;
        self.changes.join_next().await.context("the changes ended before")??
    }
}

async fn start(world: &World, turn: usize, mut owners: Vec<Pod>) -> anyhow::Result<(Load, mpsc::UnboundedReceiver<Duration>)> {
    let (sender, took) = mpsc::unbounded_channel();
    let (mut heartbeats, mut changes, enough) = (JoinSet::new(), JoinSet::new(), tokio_util::sync::CancellationToken::new());
    for number in 0..OTHERS {
        let mut pod = Pod::register(world.address(0)?, &world.pod_token, &format!("other-{turn}-{number}"), 0, &[]).await?;
        let sender = sender.clone();
        heartbeats.spawn(async move {
            let mut beats = interval(Duration::from_secs(1) * OTHERS / HEARTBEATS);
            let mut began = Instant::now();
            while pod.beat().await.is_ok() && sender.send(began.elapsed()).is_ok() {
                beats.tick().await;
                began = Instant::now();
            }
        });
    }
    let stop = enough.clone();
    changes.spawn(async move {
        let mut ticks = interval(Duration::from_secs(1) / CHANGES);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut number = 0;
        while !stop.is_cancelled() {
            ticks.tick().await;
            let owner = owners.get_mut(number % OWNERS).context("an owner")?;
            owner.change(number / OWNERS % SESSIONS);
            owner.beat().await?;
            number += 1;
        }
        Ok(owners)
    });
    Ok((Load { heartbeats, changes, enough }, took))
}
