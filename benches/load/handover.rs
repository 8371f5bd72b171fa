//! Planned handovers: from the order to the start elsewhere, and the gap in it, in which nobody runs the session; beside it a key of
//! etcd's that one client gives up and another takes.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use conncentric::domain::name::SessionId;
use conncentric::domain::token::FencingToken;
use conncentric::wire::pod::HeldLease;
use conncentric::wire::push::Push;
use futures_util::future::try_join;
use reqwest::Method;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Bench;
use super::drive::Client;
use super::etcd::{Etcd, Swapper, Unary, Watcher};
use super::pod::Pod;
use super::report::Side;
use super::stream::listen_for;
use super::takeover::sorted;
use super::world::{World, document};

/// Handovers in each turn, one after the other.
const SESSIONS: usize = 40;

const PATIENCE: Duration = Duration::from_secs(5);

/// Where the two pods have their streams, and what that is called.
const PLACES: [(usize, &str); 2] = [(0, "the same orchestrator"), (1, "another orchestrator")];

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, "handover", 2).await?;
    let mut pairs = Vec::new();
    for (orchestrator, place) in PLACES {
        pairs.push((place, Pair::start(&world, orchestrator).await?));
    }
    for turn in 0..bench.plan.turns {
        for (place, pair) in &mut pairs {
            let (ordered, gap) = pair.hand_over(&world).await?;
            bench.report.add_lateness(&format!("handover to a pod at {place}, from the order to the start"), Side::Ours, &ordered);
            bench.report.add_lateness(&format!("handover to a pod at {place}, from the end to the start"), Side::Ours, &gap);
        }
        if let Some(etcd) = &bench.etcd {
            let gap = swap(etcd, &format!("handover-{turn}")).await?;
            for (_, place) in PLACES {
                bench.report.add_lateness(&format!("handover to a pod at {place}, from the end to the start"), Side::Peer, &gap);
            }
        }
    }
    Ok(())
}

/// What a pod is told, and when.
#[derive(Debug)]
enum Told {
    Start(SessionId, Instant),
    Stop(SessionId, FencingToken),
}

/// Two pods that hand sessions to each other. The first of them owns all at the moment.
struct Pair {
    owner: Member,
    other: Member,
    sessions: Vec<SessionId>,
    _streams: JoinSet<()>,
}

struct Member {
    pod: Pod,
    told: mpsc::UnboundedReceiver<Told>,
}

impl Member {
    async fn start(world: &World, name: &str, of: &str, orchestrator: usize, streams: &mut JoinSet<()>) -> anyhow::Result<Self> {
        let address = world.address(orchestrator)?;
        let pod = Pod::register(address, &world.pod_token, name, u32::try_from(SESSIONS)?, &[("of", of)]).await?;
        let (sender, told) = mpsc::unbounded_channel();
        let pick = |push, at, _| match push {
            Push::Start(start) => Some(Told::Start(start.lease.session, at)),
            Push::Stop(stop) => Some(Told::Stop(stop.session, stop.token)),
            _ => None,
        };
        listen_for(streams, address, &world.pod_token, &pod.holder(), sender, pick).await?;
        Ok(Self { pod, told })
    }

    async fn hear(&mut self) -> anyhow::Result<Told> {
        timeout(PATIENCE, self.told.recv()).await.context("a pod was told nothing")?.context("the stream ended")
    }
}

impl Pair {
    async fn start(world: &World, orchestrator: usize) -> anyhow::Result<Self> {
        let of = format!("pair-{orchestrator}");
        world.declare([document(&of, SESSIONS, "1h", ("of", &of))]).await?;
        let mut streams = JoinSet::new();
        let mut owner = Member::start(world, &format!("{of}-a"), &of, 0, &mut streams).await?;
        owner.pod.until_leased(SESSIONS).await?;
        // What it was told of them is not about a handover.
        while owner.told.try_recv().is_ok() {}
        let other = Member::start(world, &format!("{of}-b"), &of, orchestrator, &mut streams).await?;
        let sessions = (0..SESSIONS).map(|number| format!("{of}/{number}").parse()).collect::<Result<_, _>>()?;
        Ok(Self { owner, other, sessions, _streams: streams })
    }

    /// Moves all sessions to the other pod, one by one: milliseconds from the order to the start, and from the end of the one to the
    /// start of the other.
    async fn hand_over(&mut self, world: &World) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
        let (mut since_order, mut gaps) = (Vec::new(), Vec::new());
        for session in &self.sessions {
            let began = Instant::now();
            let order = json!({ "to": self.other.pod.holder().pod });
            let path = format!("/v1/sessions/{session}/move");
            let order = world.call(Method::POST, &path, &order);
            // As a pod whose connector closes at once. The order's own answer comes a little later or earlier.
            let release = async {
                let Told::Stop(stopped, token) = self.owner.hear().await? else { anyhow::bail!("the owner was not told to stop") };
                ensure!(stopped == *session, "{stopped} was to stop, and not {session}");
                let ended = Instant::now();
                self.owner.pod.release(vec![HeldLease { session: stopped, token }]).await?;
                Ok(ended)
            };
            let start = async {
                let Told::Start(started, at) = self.other.hear().await? else { anyhow::bail!("the other pod was not told to start") };
                ensure!(started == *session, "{started} was to start, and not {session}");
                Ok(at)
            };
            let (_, (ended, started)) = try_join(order, try_join(release, start)).await?;
            since_order.push(started.duration_since(began).as_secs_f64() * 1000.0);
            gaps.push(started.duration_since(ended).as_secs_f64() * 1000.0);
        }
        std::mem::swap(&mut self.owner, &mut self.other);
        Ok((sorted(since_order.into_iter()), sorted(gaps.into_iter())))
    }
}

/// One client deletes its key, another hears of that and makes it its own: milliseconds from the first to the last.
async fn swap(etcd: &Etcd, name: &str) -> anyhow::Result<Vec<f64>> {
    let mut clients = [Swapper::new(Unary::open(etcd).await?, name, 1), Swapper::new(Unary::open(etcd).await?, name, 1)];
    let mut watcher = Watcher::open(etcd, &format!("session/{name}/"), &format!("session/{name}0")).await?;
    let [owner, other] = &mut clients;
    owner.step().await?;
    let mut gaps = Vec::new();
    for _ in 0..SESSIONS {
        let ended = Instant::now();
        let take = async {
            while watcher.gone().await?.is_empty() {}
            other.step().await
        };
        try_join(owner.step(), take).await?;
        gaps.push(ended.elapsed().as_secs_f64() * 1000.0);
        std::mem::swap(owner, other);
    }
    Ok(sorted(gaps.into_iter()))
}
