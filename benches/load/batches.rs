//! The database side alone: heartbeats through the append function, as plain rows, and as etcd's transactions of as many puts.

use anyhow::ensure;
use conncentric::domain::name::RegistrationId;
use conncentric::log::{Condition, Connection, Outcome, PulseBatch, Purpose, migrate, read_head, sql};
use tokio_postgres::Statement;
use uuid::Uuid;

use super::Bench;
use super::drive::{Client, drive};
use super::etcd::{Puts, Unary};
use super::report::Side;
use super::world::Database;

/// Heartbeats in one batch. etcd takes at most 128 operations in a transaction.
const SIZES: [i32; 2] = [100, 1000];
const MOST_PUTS: i32 = 128;

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let url = bench.machine.create("batches").await?;
    migrate(&url).await?;
    let mut appender = Appender::open(&url).await?;
    let mut inserter = Inserter::open(&url).await?;
    for _ in 0..bench.plan.turns {
        for size in SIZES {
            let row = format!("heartbeats without HTTP, {size} a batch [1/s]");
            appender.fill(size);
            let ours = drive(std::slice::from_mut(&mut appender), bench.plan.time).await?;
            bench.report.add(&row, Side::Ours, ours.per_second() * f64::from(size));
            inserter.fill(size);
            let limit = drive(std::slice::from_mut(&mut inserter), bench.plan.time).await?;
            bench.report.add(&row, Side::Limit, limit.per_second() * f64::from(size));
            if let Some(etcd) = bench.etcd.as_ref().filter(|_| size <= MOST_PUTS) {
                let mut puts = Puts::new(Unary::open(etcd).await?, usize::try_from(size)?);
                let peer = drive(std::slice::from_mut(&mut puts), bench.plan.time).await?;
                bench.report.add(&row, Side::Peer, peer.per_second() * f64::from(size));
            }
        }
    }
    Ok(())
}

/// Appends pulses, as an orchestrator does.
struct Appender {
    connection: Connection,
    statement: Statement,
    condition: Condition,
    pulse: PulseBatch,
}

impl Appender {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let connection = Connection::open(url, Purpose::Append).await?;
        let statement = connection.statement(sql::APPEND_PULSE).await?;
        let head = read_head(&connection).await?;
        let condition = Condition { epoch: head.epoch, ledger_position: head.ledger_position, position: None };
        let pulse = PulseBatch { id: Uuid::now_v7(), actor: "orchestrator:o-1".into(), beats: Vec::new() };
        Ok(Self { connection, statement, condition, pulse })
    }

    fn fill(&mut self, size: i32) {
        self.pulse.beats = (1..=size).map(|number| (RegistrationId(number), number)).collect();
    }
}

impl Client for Appender {
    async fn step(&mut self) -> anyhow::Result<()> {
        self.pulse.id = Uuid::now_v7();
        let outcome = self.pulse.append(&self.connection, &self.statement, &self.condition).await?;
        ensure!(matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
        Ok(())
    }
}

/// Inserts as many narrow rows, and nothing else.
struct Inserter {
    database: Database,
    statement: Statement,
    pods: Vec<i32>,
    sequences: Vec<i32>,
}

impl Inserter {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let database = Database::open(url).await?;
        let table = "create table bench_heartbeat (pod integer not null, sequence integer not null, at timestamptz not null default clock_timestamp())";
        database.client.batch_execute(table).await?;
        let insert = "insert into bench_heartbeat (pod, sequence) select * from unnest($1::integer[], $2::integer[])";
        let statement = database.client.prepare(insert).await?;
        Ok(Self { database, statement, pods: Vec::new(), sequences: Vec::new() })
    }

    fn fill(&mut self, size: i32) {
        self.pods = (1..=size).collect();
        self.sequences.clone_from(&self.pods);
    }
}

impl Client for Inserter {
    async fn step(&mut self) -> anyhow::Result<()> {
        self.database.client.execute(&self.statement, &[&self.pods, &self.sequences]).await?;
        Ok(())
    }
}
