//! Many sessions at once: placed, disabled, failed over, and loaded by an orchestrator that starts.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::Bench;
use super::pod::Pod;
use super::report::Side;
use super::stream::listen;
use super::world::{Orchestrator, World, document};

/// Sessions of one adapter, which is the most that one may have, and adapters.
const SESSIONS: usize = 1000;
const ADAPTERS: usize = 10;

const TTL: Duration = Duration::from_secs(4);
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "large", 1).await?;
    let milliseconds = |began: Instant| began.elapsed().as_secs_f64() * 1000.0;
    // What is there besides, with timeouts so long that it stays as it is.
    let names: Vec<String> = (0..ADAPTERS).map(|number| format!("many-{number}")).collect();
    world.declare(names.iter().map(|name| document(name, SESSIONS, "1h", ("of", name)))).await?;
    let address = world.address(0)?;
    for name in &names {
        let began = Instant::now();
        let pod = Pod::register(address, &world.pod_token, name, u32::try_from(SESSIONS)?, &[("of", name)]).await?;
        anyhow::ensure!(pod.leases() == SESSIONS, "{name} got {} sessions", pod.leases());
        bench.report.add("1,000 sessions placed by one registration [ms]", Side::Ours, milliseconds(began));
    }
    for turn in 0..bench.plan.turns {
        for (adapters, row) in
            [(1, "failover of 1,000 sessions of one pod, the last [ms]"), (10, "failover of 10,000 sessions of one pod, the last [ms]")]
        {
            bench.report.add(row, Side::Ours, fail_over(&world, &format!("falls-{turn}-{adapters}"), adapters).await?);
        }
        let began = Instant::now();
        let second = Orchestrator::start(&world.database_url, "starts")?;
        bench.report.add("start of an orchestrator with 10,000 sessions owned [ms]", Side::Ours, milliseconds(began));
        drop(second);
        for (verb, row) in [("disable", "10,000 sessions disabled [ms]"), ("enable", "10,000 sessions enabled [ms]")] {
            let began = Instant::now();
            world.call(reqwest::Method::POST, &format!("/v1/adapters/{verb}"), &json!({ "names": names })).await?;
            bench.report.add(row, Side::Ours, milliseconds(began));
        }
    }
    Ok(())
}

/// How long after the timeout the successor has heard of the last session of a pod that fell silent.
async fn fail_over(world: &World, name: &str, adapters: usize) -> anyhow::Result<f64> {
    let (address, token, ttl) = (world.address(0)?, &world.pod_token, format!("{}s", TTL.as_secs()));
    let names: Vec<String> = (0..adapters).map(|number| format!("{name}-{number}")).collect();
    world.declare(names.iter().map(|adapter| document(adapter, SESSIONS, &ttl, ("of", name)))).await?;
    let sessions = SESSIONS * adapters;
    let room = u32::try_from(sessions)?;
    let mut dead = Pod::register(address, token, name, room, &[("of", name)]).await?;
    dead.until_leased(sessions).await?;
    let mut standby = Pod::register(address, token, &format!("{name}-standby"), room, &[("of", name)]).await?;
    let mut tasks = JoinSet::new();
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    listen(&mut tasks, address, token, &standby.holder(), sender).await?;
    // All of them say that they are ACTIVE, which is recorded once.
    dead.beat().await?;
    dead.beat().await?;
    let last = Instant::now();
    tasks.spawn(async move {
        let mut beats = interval(TTL / 4);
        while standby.beat().await.is_ok() {
            beats.tick().await;
        }
    });
    let mut at = last;
    for _ in 0..sessions {
        at = timeout(PATIENCE, heard.recv()).await.context("not all sessions were taken over")?.context("the stream ended")?.at;
    }
    let disable = json!({ "names": names, "reason": "the turn is over" });
    world.call(reqwest::Method::POST, "/v1/adapters/disable", &disable).await?;
    Ok(at.saturating_duration_since(last + TTL).as_secs_f64() * 1000.0)
}
