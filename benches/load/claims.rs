//! Claims and releases by name, one after the other, of ever more clients; one session a request, and a hundred.

use std::time::Duration;

use anyhow::Context;
use conncentric::domain::name::SessionId;
use conncentric::wire::pod::HeldLease;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_postgres::Statement;

use super::Bench;
use super::drive::{Client, drive};
use super::etcd::{Swapper, Unary};
use super::pod::Pod;
use super::report::Side;
use super::world::{Database, World, document, pace};

/// Clients at once, and sessions in each of their requests.
const POINTS: [(usize, usize); 5] = [(1, 1), (8, 1), (32, 1), (1, 100), (8, 100)];

/// The same of a crowd, in a system of its own: one session a request.
const CROWD: usize = 256;

/// The shortest timeout in use. Pods that were silent for so long are given nothing, so sessions stay vacant until they are
/// claimed by name.
const SHORTEST: Duration = Duration::from_secs(1);

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    points(bench, "claims", &POINTS).await
}

pub(crate) async fn measure_crowd(bench: &mut Bench) -> anyhow::Result<()> {
    points(bench, "claims_of_a_crowd", &[(CROWD, 1)]).await
}

async fn points(bench: &mut Bench, name: &str, points: &[(usize, usize)]) -> anyhow::Result<()> {
    let world = World::start(&bench.machine, name, 1).await?;
    let most = |count: fn(&(usize, usize)) -> usize| points.iter().map(count).max().unwrap_or_default();
    let (clients, sessions) = (most(|point| point.0), most(|point| point.1));
    let mut ours = claimers(&world, clients, sessions).await?;
    let mut bare = bare_claimers(&world, clients).await?;
    for _ in 0..bench.plan.turns {
        for &(clients, sessions) in points {
            let row = row(clients, sessions);
            let times = |rate: f64| rate * sessions as f64;
            let chosen = ours.get_mut(..clients).context("clients")?;
            for claimer in chosen.iter_mut() {
                claimer.take(sessions).await?;
            }
            let load = drive(chosen, bench.plan.time).await?;
            for claimer in chosen {
                claimer.settle().await?;
            }
            if sessions == 1 {
                bench.report.add_load(&row, Side::Ours, &load);
                let bare = drive(bare.get_mut(..clients).context("clients")?, bench.plan.time).await?;
                bench.report.add_load(&row, Side::Limit, &bare);
            } else {
                bench.report.add(format!("{row} [sessions/s]"), Side::Ours, times(load.per_second()));
            }
            if let Some(etcd) = &bench.etcd {
                let connections = stream::iter(0..clients).map(|_| Unary::open(etcd)).buffered(8);
                let connections: Vec<Unary> = connections.try_collect().await?;
                let name = |number: usize| format!("{clients}-{sessions}-{number}-{}", uuid::Uuid::new_v4());
                let named = connections.into_iter().enumerate();
                let mut swappers: Vec<Swapper> = named.map(|(number, unary)| Swapper::new(unary, &name(number), sessions)).collect();
                let load = drive(&mut swappers, bench.plan.time).await?;
                if sessions == 1 {
                    bench.report.add_load(&row, Side::Peer, &load);
                } else {
                    bench.report.add(format!("{row} [sessions/s]"), Side::Peer, times(load.per_second()));
                }
            }
        }
    }
    Ok(())
}

fn row(clients: usize, sessions: usize) -> String {
    let noun = if clients == 1 { "client" } else { "clients" };
    if sessions == 1 {
        format!("claims and releases, {clients} {noun}")
    } else {
        format!("claims and releases, {clients} {noun}, {sessions} a request")
    }
}

/// A pod that claims by name and gives back. One session it never lets go of, so that it is not lost for its silence.
struct Claimer {
    pod: Pod,
    sessions: Vec<SessionId>,
    /// How many of them are claimed and released in one request.
    count: usize,
    held: Vec<HeldLease>,
}

impl Claimer {
    /// Holds so many of its sessions in hand. The others stay with it, too, so that nothing is vacant but what is released.
    async fn take(&mut self, count: usize) -> anyhow::Result<()> {
        self.count = count;
        self.held = self.pod.claim(self.sessions.get(..count).context("sessions")?).await?;
        Ok(())
    }

    /// Ends a turn with the sessions held, so that nothing is vacant while others have theirs.
    async fn settle(&mut self) -> anyhow::Result<()> {
        if self.held.is_empty() {
            self.step().await?;
        }
        Ok(())
    }
}

impl Client for Claimer {
    async fn step(&mut self) -> anyhow::Result<()> {
        if self.held.is_empty() {
            self.held = self.pod.claim(self.sessions.get(..self.count).context("sessions")?).await?;
        } else {
            self.pod.release(std::mem::take(&mut self.held)).await?;
        }
        Ok(())
    }
}

async fn claimers(world: &World, clients: usize, sessions: usize) -> anyhow::Result<Vec<Claimer>> {
    let names: Vec<String> = (0..clients).map(|number| format!("claimer-{number}")).collect();
    // One more than are claimed, which each pod keeps.
    world.declare(names.iter().map(|name| document(name, sessions + 1, "1h", ("of", name)))).await?;
    world.declare([pace(&format!("{}s", SHORTEST.as_secs()))]).await?;
    let mut claimers = Vec::new();
    for name in &names {
        let pod = Pod::register(world.address(0)?, &world.pod_token, name, u32::try_from(sessions)? + 1, &[("of", name)]).await?;
        let sessions: Vec<SessionId> = (0..sessions).map(|number| format!("{name}/{number}").parse()).collect::<Result<_, _>>()?;
        claimers.push(Claimer { pod, sessions, count: 1, held: Vec::new() });
    }
    tokio::time::sleep(SHORTEST + Duration::from_millis(500)).await;
    Ok(claimers)
}

/// The same as a statement by itself, each committed by itself: what PostgreSQL does without anything around it.
struct Bare {
    database: Database,
    claim: Statement,
    release: Statement,
    session: i32,
    holds: bool,
}

impl Client for Bare {
    async fn step(&mut self) -> anyhow::Result<()> {
        let statement = if self.holds { &self.release } else { &self.claim };
        let changed = self.database.client.execute(statement, &[&self.session]).await?;
        anyhow::ensure!(changed == 1, "session {} was not as expected", self.session);
        self.holds = !self.holds;
        Ok(())
    }
}

async fn bare_claimers(world: &World, clients: usize) -> anyhow::Result<Vec<Bare>> {
    let table =
        "create table bench_lease (session integer primary key, owner text, token bigint not null default 0) with (fillfactor = 50);
                 insert into bench_lease (session) select generate_series(0, 999)";
    world.database.client.batch_execute(table).await?;
    let mut claimers = Vec::new();
    for session in 0..i32::try_from(clients)? {
        let database = Database::open(&world.database_url).await?;
        let claim = "update bench_lease set owner = 'pod', token = token + 1 where session = $1 and owner is null";
        let release = "update bench_lease set owner = null where session = $1 and owner is not null";
        let (claim, release) = (database.client.prepare(claim).await?, database.client.prepare(release).await?);
        claimers.push(Bare { database, claim, release, session, holds: false });
    }
    Ok(claimers)
}
