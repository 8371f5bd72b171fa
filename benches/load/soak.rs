//! Ten thousand pods with ten sessions and a stream each, for minutes, beside whatever may go on meanwhile: the Portal asks, `verify`
//! runs, and a second orchestrator is killed and started again. Nobody may lose a session by that.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{interval_at, sleep, sleep_until};

use super::Bench;
use super::drive::percentile;
use super::people::{look_around, pages};
use super::pod::Pod;
use super::processor::{megabytes, used, used_by_family};
use super::report::Side;
use super::takeover::position;
use super::wire::overhear;
use super::world::{Orchestrator, PROGRAM, World, document};

const PODS: u32 = 10_000;
const SESSIONS: usize = 10;
const TTL: &str = "12s";
const INTERVAL: Duration = Duration::from_secs(3);
const MINUTE: Duration = Duration::from_mins(1);

/// Within a minute.
const KILLED: Duration = Duration::from_secs(20);
const STARTED: Duration = Duration::from_secs(35);

/// A question of the Portal's so often, and the lists with every so many questions.
const LOOKS: (Duration, usize) = (Duration::from_millis(500), 60);

/// Open files of the load generator and of an orchestrator: two connections a pod, and some.
const FILES: u64 = 24_000;

/// Ownerships that ended without anybody's will, and pods that were given up.
const LOST: &str = "select count(*) from event where not pulse and position > $1 and type in ('LeaseExpired', 'PodLost')";

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let files = more_files();
    let world = World::start(&bench.machine, "soak", 1).await?;
    let pods = bench.plan.scaled(PODS);
    let before = position(&world).await?;
    let (sender, mut took) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let streams = files.saturating_sub(u64::from(pods) + 500).min(u64::from(pods));
    let began = Instant::now();
    settle(&world, pods, streams, &sender, &mut tasks).await?;
    let row = format!("{pods} pods with {SESSIONS} sessions each");
    bench.report.add(format!("{row}, all registered after [s]"), Side::Ours, began.elapsed().as_secs_f64());
    bench.report.add(format!("{row}, streams open"), Side::Ours, streams as f64);
    sleep(INTERVAL * 2).await;
    let pages = pages("pod-7", "pod-7");
    let (asks, mut answers) = mpsc::unbounded_channel();
    let mut second = Some(start(&world).await?);
    let minutes = async {
        for _ in 0..bench.plan.minutes {
            minute(bench, &world, &row, &mut took, &mut answers, &mut second).await?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        passed = minutes => passed?,
        looked = look_around(&world, &pages, LOOKS, asks) => looked.context("the Portal has no answer")?,
    }
    let lost: i64 = world.database.client.query_one(LOST, &[&before]).await?.try_get(0)?;
    bench.report.add(format!("{row}, leases expired and pods lost"), Side::Ours, lost as f64);
    ensure!(lost == 0, "{lost} leases expired or pods were lost");
    Ok(())
}

/// Takes more open files than are allowed, if we may: the orchestrator inherits them. How many there are.
fn more_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < FILES) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(FILES), maximum: Some(FILES) });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(FILES)
}

/// Declares an adapter for each pod, registers the pod, and lets it heartbeat from then on.
async fn settle(
    world: &World,
    pods: u32,
    streams: u64,
    sender: &mpsc::UnboundedSender<anyhow::Result<Duration>>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let address = world.address(0)?;
    let start = async |number: u32| {
        let name = format!("pod-{number}");
        world.declare([document(&name, SESSIONS, TTL, ("of", &name))]).await?;
        let mut pod = Pod::register(address, &world.pod_token, &name, u32::try_from(SESSIONS)?, &[("of", &name)]).await?;
        pod.until_leased(SESSIONS).await?;
        let stream = if u64::from(number) < streams { Some(overhear(address, &world.pod_token, &pod.holder()).await?) } else { None };
        anyhow::Ok((pod, stream))
    };
    let mut started = std::pin::pin!(stream::iter(0..pods).map(start).buffer_unordered(16));
    while let Some((pod, stream)) = started.try_next().await? {
        tasks.spawn(beat(pod, sender.clone()));
        if let Some(stream) = stream {
            tasks.spawn(stream);
        }
    }
    Ok(())
}

/// At its own moment of the interval, which is that of its registration.
async fn beat(mut pod: Pod, took: mpsc::UnboundedSender<anyhow::Result<Duration>>) {
    let mut beats = interval_at(tokio::time::Instant::now() + INTERVAL / 2, INTERVAL);
    loop {
        let due = beats.tick().await;
        let answered = pod.beat().await;
        // From the moment at which it was due, so that a load generator that is late itself hides nothing.
        if took.send(answered.map(|()| due.elapsed())).is_err() {
            return;
        }
    }
}

/// What one minute is like, with all that goes on in it.
async fn minute(
    bench: &mut Bench,
    world: &World,
    row: &str,
    took: &mut mpsc::UnboundedReceiver<anyhow::Result<Duration>>,
    answers: &mut mpsc::UnboundedReceiver<Duration>,
    second: &mut Option<Orchestrator>,
) -> anyhow::Result<()> {
    let orchestrator = world.orchestrators.first().and_then(Orchestrator::pid).context("an orchestrator")?;
    let postgres = bench.machine.postgres().context("a database")?;
    let cost = || (used(orchestrator), used_by_family(postgres));
    let percent = |after: Duration, before, seconds| after.saturating_sub(before).as_secs_f64() * 100.0 / seconds;
    while took.try_recv().is_ok() {}
    let (began, before) = (tokio::time::Instant::now(), cost());
    let (verified, started) = meanwhile(world, began, second).await?;
    sleep_until(began + MINUTE).await;
    let (seconds, after) = (began.elapsed().as_secs_f64(), cost());
    let beats: Vec<Duration> = std::iter::from_fn(|| took.try_recv().ok()).collect::<anyhow::Result<_>>().context("a heartbeat")?;
    let looks: Vec<Duration> = std::iter::from_fn(|| answers.try_recv().ok()).collect();
    let (heartbeats, beats, looks) = (beats.len() as f64, in_order(beats), in_order(looks));
    let rows = [
        ("heartbeats [1/s]", heartbeats / seconds),
        ("processor of the orchestrator [%]", percent(after.0, before.0, seconds)),
        ("processor of the database, `verify` included [%]", percent(after.1, before.1, seconds)),
        ("memory of the orchestrator [MB]", megabytes(orchestrator)),
        ("p50 of heartbeats [ms]", percentile(&beats, 0.50)),
        ("p99.9 of heartbeats [ms]", percentile(&beats, 0.999)),
        ("the latest heartbeat [ms]", percentile(&beats, 1.0)),
        ("p50 of the Portal [ms]", percentile(&looks, 0.50)),
        ("p99 of the Portal, lists of all sessions included [ms]", percentile(&looks, 0.99)),
        ("`verify` beside it [s]", verified),
        ("start of the second orchestrator [ms]", started),
    ];
    for (what, value) in rows {
        bench.report.add(format!("{row}, {what}"), Side::Ours, value);
    }
    Ok(())
}

fn in_order(latencies: Vec<Duration>) -> Vec<f64> {
    let mut milliseconds: Vec<f64> = latencies.into_iter().map(|latency| latency.as_secs_f64() * 1000.0).collect();
    milliseconds.sort_unstable_by(f64::total_cmp);
    milliseconds
}

/// `verify` runs, and a second orchestrator is killed and started again: seconds of the one, milliseconds of the other.
async fn meanwhile(world: &World, began: tokio::time::Instant, second: &mut Option<Orchestrator>) -> anyhow::Result<(f64, f64)> {
    let verify = async {
        let mut command = Command::new(PROGRAM);
        command.arg("verify").env("DATABASE_URL", &world.database_url).stdout(Stdio::null());
        let began = Instant::now();
        let status = command.status().await?;
        ensure!(status.success(), "verify: {status}");
        Ok(began.elapsed().as_secs_f64())
    };
    let kill = async {
        sleep_until(began + KILLED).await;
        // With SIGKILL, as it is when it is dropped.
        let killed = second.take();
        spawn_blocking(move || drop(killed)).await?;
        sleep_until(began + STARTED).await;
        let began = Instant::now();
        *second = Some(start(world).await?);
        Ok(began.elapsed().as_secs_f64() * 1000.0)
    };
    futures_util::future::try_join(verify, kill).await
}

/// Without holding up everybody else meanwhile.
async fn start(world: &World) -> anyhow::Result<Orchestrator> {
    let url = world.database_url.clone();
    spawn_blocking(move || Orchestrator::start(&url, "second")).await?
}
