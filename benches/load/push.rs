//! From the commit to the pod: how soon a pod hears of a new lease, at the orchestrator that granted it and at another one.

use std::time::Duration;

use anyhow::{Context, ensure};
use conncentric::wire::pod::HeldLease;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Bench;
use super::drive::percentile;
use super::heartbeats::pods;
use super::pod::Pod;
use super::report::Side;
use super::stream::{Started, listen};
use super::world::World;

/// Pods with one session each, half of them with their stream at each orchestrator.
const PODS: usize = 40;

/// Each release is a ledger event, and so is the claim that follows it in the same append.
const RELEASES_PER_SECOND: u32 = 500;

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "push", 2).await?;
    let mut pods = pods(&world, "pod", PODS, 1).await?;
    let mut tasks = JoinSet::new();
    let (sender, mut heard) = mpsc::unbounded_channel();
    for (number, pod) in pods.iter().enumerate() {
        listen(&mut tasks, world.address(number % 2)?, &world.pod_token, &pod.holder(), sender.clone()).await?;
    }
    let mut held: Vec<HeldLease> = pods.iter().map(Pod::lease).collect::<Result<_, _>>()?;
    for _ in 0..bench.plan.turns {
        let mut started: Vec<Started> = Vec::new();
        let count = (bench.plan.time.as_secs_f64() * f64::from(RELEASES_PER_SECOND)).ceil();
        let mut ticks = interval(Duration::from_secs(1) / RELEASES_PER_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut released = 0;
        while (released as f64) < count {
            ticks.tick().await;
            let index = released % PODS;
            let pod = pods.get_mut(index).context("a pod")?;
            let lease = held.get_mut(index).context("a lease")?;
            pod.release(vec![lease.clone()]).await?;
            released += 1;
            if index == PODS - 1 || (released as f64) >= count {
                // A pod releases a lease that it was told of, so all of them are waited for.
                while started.len() < released {
                    let push = timeout(Duration::from_secs(5), heard.recv()).await.context("a pod was not told of its lease")?;
                    let push = push.context("the streams ended")?;
                    let lease = held.iter_mut().find(|lease| lease.session == push.session).context("a session of ours")?;
                    lease.token = push.token;
                    started.push(push);
                }
            }
        }
        let late = latencies(&world, &started).await?;
        for (place, even) in [("the same orchestrator", true), ("another orchestrator", false)] {
            let of_place = |(session, late): &(String, f64)| (is_even(session) == even).then_some(*late);
            let mut late: Vec<f64> = late.iter().filter_map(of_place).collect();
            late.sort_unstable_by(f64::total_cmp);
            bench.report.add(format!("push to a pod at {place}, p50 [ms]"), Side::Ours, percentile(&late, 0.50));
            bench.report.add(format!("push to a pod at {place}, p99 [ms]"), Side::Ours, percentile(&late, 0.99));
        }
    }
    Ok(())
}

fn is_even(session: &str) -> bool {
    session
        .trim_end_matches("/0")
        .rsplit_once('-')
        .and_then(|(_, number)| number.parse::<usize>().ok())
        .is_some_and(|number| number % 2 == 0)
}

/// Milliseconds from the recording of each claim to the moment at which its pod heard of it. The commit comes after the recording, so
/// its own time is in it.
async fn latencies(world: &World, started: &[Started]) -> anyhow::Result<Vec<(String, f64)>> {
    let positions: Vec<i64> = started.iter().map(|push| push.token.position()).collect();
    let walls: Vec<chrono::DateTime<chrono::Utc>> = started.iter().map(|push| push.wall).collect();
    let query = "select data ->> 'session', extract(epoch from heard.at - event.recorded_at)::float8 * 1000
                 from unnest($1::bigint[], $2::timestamptz[]) as heard (position, at)
                 join event on not event.pulse and event.position = heard.position";
    let rows = world.database.client.query(query, &[&positions, &walls]).await?;
    ensure!(rows.len() == started.len(), "{} claims of {} are in the log", rows.len(), started.len());
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
