//! The log of a realistic fleet, as big as one likes: decided on by the real decide function, chained in Rust, written by COPY.
//!
//! Heartbeats with news, pods that die and come back, drains, moves, disables, revisions. The same for the same size, every time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use conncentric::audit::chain;
use conncentric::audit::row::LedgerRow;
use conncentric::domain::adapter::{AdapterSpec, LeaseTtl, Mode, OnLeaseLoss, Placement};
use conncentric::domain::canonical::canonical;
use conncentric::domain::command::{
    Command, CreateAccessToken, Drain, Heartbeat, Leave, MoveSession, Precondition, PutAdapter, Register, Release, Report, SetEnabled,
    Targets,
};
use conncentric::domain::decide::{Proposal, decide};
use conncentric::domain::event::Recorded;
use conncentric::domain::evolve::evolve;
use conncentric::domain::fleet::{Fleet, Lease};
use conncentric::domain::identity::{AccessTokenId, BearerToken, Role};
use conncentric::domain::name::{AdapterName, Holder, PodName, RegistrationId, SessionId};
use conncentric::domain::placement::Observed;
use conncentric::domain::status::OperationalStatus;
use conncentric::domain::token::{Epoch, FencingToken, Position};
use futures_util::SinkExt;
use tokio_postgres::Client;
use uuid::Uuid;

/// How many of what there are: adapters with one session, load-balanced ones with ten each, and pods with room for 80.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub single: u64,
    pub balanced: u64,
    pub pods: u64,
}

/// 1,000 sessions on 20 pods.
pub const REALISTIC: Size = Size { single: 700, balanced: 30, pods: 20 };

/// Bytes that one message of a COPY carries.
const CHUNK: usize = 1 << 20;

/// What was written.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    pub events: u64,
    pub pulses: u64,
    pub position: Position,
}

/// Fills a database that was just migrated with a log of at least so many ledger events. The projections are left empty.
pub async fn write(owner: &Client, size: Size, events: u64) -> anyhow::Result<Written> {
    let partitions = i64::try_from(events * 2)? >> 20;
    for number in 0..=partitions + 1 {
        owner.execute("select pulse_partition($1)", &[&(number << 20)]).await?;
    }
    let columns = "position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash, registrations, sequences";
    let sink = owner.copy_in::<_, Cursor<Vec<u8>>>(&format!("copy event ({columns}) from stdin")).await?;
    let mut sink = std::pin::pin!(sink);
    let mut history = History::begin(size)?;
    while history.events < events {
        history.step()?;
        if history.text.len() >= CHUNK {
            sink.send(Cursor::new(std::mem::take(&mut history.text).into_bytes())).await?;
        }
    }
    sink.send(Cursor::new(std::mem::take(&mut history.text).into_bytes())).await?;
    sink.finish().await?;
    let head = "update event_head set epoch = 1, position = $1, ledger_position = $2, hash = $3, recorded_at = $4";
    owner.execute(head, &[&history.position, &history.fleet.ledger_position(), &history.hash, &history.at]).await?;
    // Without it the planner believes that the table is empty.
    owner.batch_execute("analyze event_ledger").await?;
    Ok(Written { events: history.events, pulses: history.pulses, position: history.position })
}

/// Builds the projections of a log that was just written.
pub async fn project(owner: &Client) -> anyhow::Result<()> {
    owner.batch_execute("select projection.apply(1, ledger_position) from event_head").await?;
    Ok(())
}

/// A history in the making, and the lines of it that are not written yet.
struct History {
    size: Size,
    fleet: Fleet,
    hash: Vec<u8>,
    position: Position,
    at: DateTime<Utc>,
    seed: u64,
    starts: u64,
    silent: Option<RegistrationId>,
    text: String,
    events: u64,
    pulses: u64,
}

impl Observed for History {
    fn silence(&self, registration: RegistrationId, _: LeaseTtl) -> Duration {
        if self.silent == Some(registration) { Duration::from_secs(31) } else { Duration::ZERO }
    }

    fn since_epoch(&self) -> Duration {
        Duration::ZERO
    }
}

impl History {
    fn begin(size: Size) -> anyhow::Result<Self> {
        let mut history = Self {
            size,
            fleet: Fleet::new(Epoch(1)),
            hash: chain::genesis(),
            position: 0,
            at: DateTime::from_timestamp(1_735_689_600, 0).context("a time")?,
            seed: 88_172_645_463_325_252,
            starts: 0,
            silent: None,
            text: String::new(),
            events: 0,
            pulses: 0,
        };
        for number in 0..size.single + size.balanced {
            history.put(number)?;
        }
        for number in 1..=size.pods {
            history.register(number)?;
        }
        Ok(history)
    }

    /// xorshift64: the same history every time.
    fn random(&mut self, below: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % below
    }

    /// Something happens, mostly heartbeats with news.
    fn step(&mut self) -> anyhow::Result<()> {
        match self.random(1000) {
            0..=4 => self.fail_over(),
            5..=6 => self.restart_unseen(),
            7..=12 => self.roll(),
            13..=30 => self.pause_adapters(),
            31..=180 => self.move_one(),
            181..=190 => {
                let number = self.random(self.size.single + self.size.balanced);
                self.put(number)
            }
            191..=195 => self.access_token(),
            _ => self.heartbeat(),
        }
    }

    fn put(&mut self, number: u64) -> anyhow::Result<()> {
        let revision = self.random(1_000_000);
        let balanced = number >= self.size.single;
        let settings = serde_json::json!({
            "host": format!("venue-{number}.example"), "port": 9000 + number, "revision": revision, "sender": "CONN\"CENTRIC\"", "ratio": 0.25,
        });
        let spec = AdapterSpec {
            connector: "fix".parse()?,
            mode: if balanced { Mode::LoadBalanced } else { Mode::Exclusive },
            replicas: if balanced { 10 } else { 1 },
            lease_ttl_ms: LeaseTtl::from_millis(if number.is_multiple_of(3) { 30_000 } else { 15_000 })?,
            priority: 100 + i32::try_from(number % 3)?,
            placement: Placement::default(),
            on_lease_loss: OnLeaseLoss::Stop,
            artifacts: vec![],
            settings: settings.as_object().cloned().unwrap_or_default(),
        };
        let put = PutAdapter { adapter: adapter(number)?, spec, enabled: Some(true), precondition: Precondition::None };
        self.command("admin:ops via token:00000000000000aa", &Command::PutAdapter(put))
    }

    fn register(&mut self, number: u64) -> anyhow::Result<()> {
        self.starts += 1;
        let holder = Holder { pod: pod(number)?, incarnation: format!("start-{}", self.starts).parse()? };
        let labels = BTreeMap::from([("zone".to_owned(), if number.is_multiple_of(2) { "a" } else { "b" }.to_owned())]);
        let actor = format!("pod:{} via token:{}", holder.pod, spoken_for()?);
        let (connectors, access_token) = (vec!["fix".parse()?], spoken_for()?);
        self.command(&actor, &Command::Register(Register { holder, capacity: 80, labels, connectors, platform: None, access_token }))
    }

    fn any_pod(&mut self) -> anyhow::Result<(u64, RegistrationId, Holder)> {
        let number = 1 + self.random(self.size.pods);
        let (id, registration) = self.fleet.pod(&pod(number)?).context("every pod comes back")?;
        Ok((number, id, registration.holder.clone()))
    }

    fn leases(&self, id: RegistrationId, wanted: impl Fn(&SessionId, &Lease) -> bool) -> Vec<(SessionId, Lease)> {
        self.fleet.leases_of(id).filter(|(session, lease)| wanted(session, lease)).map(|(id, lease)| (id.clone(), lease.clone())).collect()
    }

    /// Up to ten sessions of a pod have news.
    fn heartbeat(&mut self) -> anyhow::Result<()> {
        let (_, id, holder) = self.any_pod()?;
        let leases = self.leases(id, |_, _| true);
        if leases.is_empty() {
            return Ok(());
        }
        let from = usize::try_from(self.random(leases.len() as u64))?;
        let fault = self.random(4) == 0;
        let news = leases.into_iter().skip(from).take(10).map(|(session, lease)| {
            let (status, reason) = match lease.status {
                OperationalStatus::Active if fault => (OperationalStatus::Error, Some("connection reset by \"venue\"".to_owned())),
                _ => (OperationalStatus::Active, None),
            };
            Report { session, token: lease.token, status, reason, trusted: true }
        });
        let heartbeat = Heartbeat {
            holder: holder.clone(),
            sequence: 1,
            epoch: None,
            seen: None,
            reports: news.collect(),
            access_token: spoken_for()?,
        };
        self.command(&format!("pod:{} via token:{}", holder.pod, spoken_for()?), &Command::Heartbeat(heartbeat))
    }

    /// A pod dies, its sessions go elsewhere, and it comes back.
    fn fail_over(&mut self) -> anyhow::Result<()> {
        let (number, id, _) = self.any_pod()?;
        self.silence(id)?;
        self.register(number)
    }

    /// A pod comes back before it was missed: its old start is superseded, and its leases run out.
    fn restart_unseen(&mut self) -> anyhow::Result<()> {
        let (number, id, _) = self.any_pod()?;
        self.register(number)?;
        self.silence(id)
    }

    fn silence(&mut self, id: RegistrationId) -> anyhow::Result<()> {
        self.silent = Some(id);
        let expired = self.command("orchestrator:o-1", &Command::Expire);
        self.silent = None;
        expired
    }

    /// A rolling update of one pod.
    fn roll(&mut self) -> anyhow::Result<()> {
        let (number, id, holder) = self.any_pod()?;
        let drain = Drain { pod: holder.pod.clone(), incarnation: None, access_token: None, reason: Some("rolling update".into()) };
        self.command("operator:jo via token:00000000000000bb", &Command::Drain(drain))?;
        self.release(id, |_, _| true)?;
        let actor = format!("pod:{} via token:{}", holder.pod, spoken_for()?);
        self.command(&actor, &Command::Leave(Leave { holder, access_token: spoken_for()? }))?;
        self.register(number)
    }

    fn release(&mut self, id: RegistrationId, wanted: impl Fn(&SessionId, &Lease) -> bool) -> anyhow::Result<()> {
        let sessions: Vec<(SessionId, FencingToken)> =
            self.leases(id, wanted).into_iter().map(|(session, lease)| (session, lease.token)).collect();
        let Some(holder) = self.fleet.registration(id).map(|registration| registration.holder.clone()) else { return Ok(()) };
        if sessions.is_empty() {
            return Ok(());
        }
        let actor = format!("pod:{} via token:{}", holder.pod, spoken_for()?);
        self.command(&actor, &Command::Release(Release { holder, sessions, access_token: spoken_for()? }))
    }

    /// Adapters are disabled for a while.
    fn pause_adapters(&mut self) -> anyhow::Result<()> {
        let first = self.random(self.size.single + self.size.balanced - 5);
        let names: Vec<AdapterName> = (first..first + 5).map(adapter).collect::<Result<_, _>>()?;
        for enabled in [false, true] {
            let (targets, reason) = (Targets::Named(names.clone()), Some("weekend".to_owned()));
            self.command("operator:kim via token:00000000000000cc", &Command::SetEnabled(SetEnabled { targets, enabled, reason }))?;
            let owners: Vec<RegistrationId> = self.fleet.registrations().map(|(id, _)| id).collect();
            for id in owners.into_iter().filter(|_| !enabled) {
                self.release(id, |session, _| names.contains(&session.adapter))?;
            }
        }
        Ok(())
    }

    fn move_one(&mut self) -> anyhow::Result<()> {
        let (_, id, _) = self.any_pod()?;
        let (_, _, to) = self.any_pod()?;
        let Some((session, _)) = self.leases(id, |_, lease| lease.moving_to.is_none()).into_iter().next() else { return Ok(()) };
        let order = Command::Move(MoveSession { session: session.clone(), to: to.pod });
        self.command("operator:lee via token:00000000000000dd", &order)?;
        self.release(id, |held, lease| *held == session && lease.moving_to.is_some())
    }

    fn access_token(&mut self) -> anyhow::Result<()> {
        let actor = "admin:ops via token:00000000000000aa";
        let old = self.fleet.access_tokens().next().map(|(id, _)| id.clone());
        if let Some(id) = old.filter(|_| self.fleet.access_tokens().count() > 20) {
            return self.command(actor, &Command::RevokeAccessToken { id });
        }
        let mut random = [0; 40];
        for byte in &mut random {
            *byte = u8::try_from(self.random(256))?;
        }
        let token = BearerToken::from_randomness(&random);
        let create =
            CreateAccessToken { id: token.id().clone(), name: "a person".into(), role: Role::Viewer, pod: None, hash: token.hash() };
        self.command(actor, &Command::CreateAccessToken(create))
    }

    /// Decides, appends, folds. A refusal is part of life and leaves no trace.
    fn command(&mut self, actor: &str, command: &Command) -> anyhow::Result<()> {
        let Ok(decision) = decide(&self.fleet, command, &*self) else { return Ok(()) };
        let passed = i64::try_from(10 + self.random(200))?;
        self.at += TimeDelta::milliseconds(passed);
        let request_id = self.random(10).ne(&0).then(|| self.uuid());
        let (base, first) = (self.fleet.ledger_position(), self.position + 1);
        for Proposal { event, cause } in decision.events {
            let cause = cause.map(|cause| if cause > base { first + (cause - base - 1) } else { cause });
            self.position += 1;
            let (position, id) = (self.position, self.uuid());
            let recorded =
                Recorded { position, epoch: Epoch(1), id, recorded_at: self.at, actor: actor.to_owned(), request_id, cause, event };
            self.append(&recorded)?;
            let fleet = std::mem::replace(&mut self.fleet, Fleet::new(Epoch(1)));
            self.fleet = evolve(fleet, &recorded)?;
        }
        if self.random(8) == 0 {
            self.pulse()?;
        }
        Ok(())
    }

    fn uuid(&mut self) -> Uuid {
        let random = u128::from(self.random(u64::MAX)) << 64 | u128::from(self.random(u64::MAX));
        let millis = u64::try_from(self.at.timestamp_millis()).unwrap_or_default();
        let random = random.to_le_bytes();
        let mut ten = [0; 10];
        ten.iter_mut().zip(random).for_each(|(to, from)| *to = from);
        uuid::Builder::from_unix_timestamp_millis(millis, &ten).into_uuid()
    }

    fn append(&mut self, recorded: &Recorded) -> anyhow::Result<()> {
        let event = &recorded.event;
        let mut row = LedgerRow {
            position: recorded.position,
            epoch: recorded.epoch,
            id: recorded.id,
            kind: event.type_name().to_owned(),
            schema_version: event.schema_version(),
            stream: event.stream(),
            recorded_at: recorded.recorded_at,
            actor: recorded.actor.clone(),
            request_id: recorded.request_id,
            cause: recorded.cause,
            data: canonical(&event.data()?),
            hash: vec![],
        };
        row.hash = chain::link(&self.hash, &row)?;
        self.hash.clone_from(&row.hash);
        self.events += 1;
        let LedgerRow { position, epoch, id, kind, schema_version, stream, recorded_at, actor, .. } = &row;
        let (request_id, cause) = (nullable(row.request_id), nullable(row.cause));
        let (data, hash) = (row.data.replace('\\', "\\\\"), data_encoding::HEXLOWER.encode(&row.hash));
        writeln!(
            self.text,
            "{position}\tf\t{epoch}\t{id}\t{kind}\t{schema_version}\t{stream}\t{recorded_at}\t{actor}\t{request_id}\t{cause}\t{data}\t\\\\x{hash}\t\\N\t\\N"
        )?;
        Ok(())
    }

    fn pulse(&mut self) -> anyhow::Result<()> {
        self.position += 1;
        self.pulses += 1;
        let (position, id, at) = (self.position, self.uuid(), self.at);
        let heard: Vec<String> = self.fleet.pods().map(|(id, _)| id.to_string()).collect();
        let (registrations, sequences) = (heard.join(","), vec![self.pulses.to_string(); heard.len()].join(","));
        writeln!(
            self.text,
            "{position}\tt\t1\t{id}\tPulseRecorded\t1\tfleet\t{at}\torchestrator:o-1\t\\N\t\\N\t\\N\t\\N\t{{{registrations}}}\t{{{sequences}}}"
        )?;
        Ok(())
    }
}

fn nullable(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "\\N".into(), |value| value.to_string())
}

fn adapter(number: u64) -> anyhow::Result<AdapterName> {
    format!("adapter-{number:03}").parse().map_err(|error| anyhow!("{error}"))
}

fn pod(number: u64) -> anyhow::Result<PodName> {
    format!("pod-{number}").parse().map_err(|error| anyhow!("{error}"))
}

/// The access token that all pods speak with.
fn spoken_for() -> anyhow::Result<AccessTokenId> {
    "00000000000000ff".parse().map_err(|error| anyhow!("{error}"))
}
