//! Commands at random, decided on and appended the way an orchestrator does it, without the orchestrator.

use std::collections::BTreeMap;
use std::time::Duration;

use conncentric::domain::adapter::{AdapterSpec, LeaseTtl, Mode, OnLeaseLoss, Placement};
use conncentric::domain::command::{
    ArtifactSource, Claim, Command, Drain, InstallPlugin, MoveSession, Precondition, PutAdapter, PutArtifact, Register, Release,
    SetEnabled, Targets,
};
use conncentric::domain::content::{Content, ContentHash};
use conncentric::domain::decide::{Proposal, decide};
use conncentric::domain::evolve::evolve;
use conncentric::domain::fleet::Fleet;
use conncentric::domain::identity::AccessTokenId;
use conncentric::domain::name::{Holder, RegistrationId, SessionId};
use conncentric::domain::placement::Observed;
use conncentric::domain::plugin::PluginFacts;
use conncentric::log::{
    Appended, Batch, Condition, Connection, Outcome, PendingEvent, PulseBatch, Purpose, keep_blob, load_fleet, migrate, sql, stage_chunk,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::postgres::Database;

/// A fleet that is decided on and appended to the way an orchestrator does it, without the orchestrator.
#[derive(Debug)]
pub struct Walk {
    pub connection: Connection,
    pub fleet: Fleet,
    seed: u64,
    pub silent: Option<RegistrationId>,
}

impl Observed for Walk {
    fn silence(&self, registration: RegistrationId, _: LeaseTtl) -> Duration {
        if self.silent == Some(registration) { Duration::from_hours(1) } else { Duration::ZERO }
    }

    fn since_epoch(&self) -> Duration {
        Duration::ZERO
    }
}

impl Walk {
    pub async fn begin(database: &Database) -> Self {
        migrate(&database.url).await.expect("migrates");
        Self::begin_on(&database.app_url).await
    }

    /// The same on a database that was migrated, as whoever the URL names.
    pub async fn begin_on(url: &str) -> Self {
        let mut connection = Connection::open(url, Purpose::Append).await.expect("connects");
        let (fleet, _) = load_fleet(&mut connection).await.expect("loads");
        Self { connection, fleet, seed: 7, silent: None }
    }

    pub fn random(&mut self, below: u32) -> u32 {
        // xorshift64: the walk is the same every time.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        u32::try_from(self.seed % u64::from(below)).expect("smaller than below")
    }

    pub async fn append(&mut self, proposals: Vec<Proposal>, beats: Vec<(RegistrationId, i32)>) -> Result<Appended, String> {
        let events = proposals.into_iter();
        let events =
            events.map(|proposal| PendingEvent { id: Uuid::now_v7(), proposal, actor: "test".into(), request_id: Some(Uuid::now_v7()) });
        let pulse = (!beats.is_empty()).then(|| PulseBatch { id: Uuid::now_v7(), actor: "test".into(), beats });
        let batch = Batch { events: events.collect(), pulse };
        let condition = Condition { epoch: self.fleet.epoch(), ledger_position: self.fleet.ledger_position(), position: None };
        // As an orchestrator does it.
        let outcome = if let Some(pulse) = batch.only_pulse(&condition) {
            let statement = self.connection.statement(sql::APPEND_PULSE).await.expect("prepares");
            pulse.append(&self.connection, &statement, &condition).await
        } else {
            let statement = self.connection.statement(sql::APPEND).await.expect("prepares");
            batch.append(&self.connection, &statement, &condition).await
        };
        match outcome.map_err(|error| error.to_string())? {
            Outcome::Appended(appended) => {
                for recorded in batch.recorded(&condition, &appended) {
                    self.fleet = evolve(self.fleet.clone(), &recorded).map_err(|error| error.to_string())?;
                }
                Ok(appended)
            }
            other => Err(format!("{other:?}")),
        }
    }

    pub async fn command(&mut self, command: &Command) {
        let sent = match command {
            Command::PutArtifact(PutArtifact { source: ArtifactSource::Upload { content, .. }, .. }) => Some(content),
            Command::InstallPlugin(install) => Some(&install.content),
            _ => None,
        };
        if let Some(content) = sent {
            let data = CONTENTS.into_iter().find(|data| content_of(data) == *content).expect("one of ours");
            let upload = Uuid::now_v7();
            stage_chunk(&self.connection, upload, 0, data).await.expect("staged");
            keep_blob(&self.connection, upload, *content).await.expect("kept");
        }
        if let Ok(decision) = decide(&self.fleet, command, self) {
            let beats = self.fleet.pods().map(|(id, _)| (id, 1)).take(2).collect();
            self.append(decision.events, beats).await.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        }
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let count = u32::try_from(from.len()).expect("a small world");
        if count == 0 { None } else { from.get(self.random(count) as usize).cloned() }
    }

    pub fn any_session(&mut self) -> SessionId {
        let sessions: Vec<SessionId> = self.fleet.sessions().map(|(id, _)| id.clone()).collect();
        self.pick(&sessions).unwrap_or_else(|| "a0/0".parse().expect("a session"))
    }

    pub fn any_command(&mut self) -> Command {
        let adapter = format!("a{}", self.random(4)).parse().expect("a name");
        let pod = format!("p{}", self.random(4));
        let token = access_token();
        let holder = |fleet: &Fleet, pod: &str| {
            let pod = pod.parse().expect("a name");
            fleet.pod(&pod).map_or_else(|| holder(pod.as_str(), "none"), |(_, registration)| registration.holder.clone())
        };
        match self.random(20) {
            0 | 1 => Command::PutAdapter(PutAdapter {
                adapter,
                spec: spec(u16::try_from(1 + self.random(3)).expect("small"), 1000 + 500 * self.random(3)),
                enabled: Some(self.random(4) > 0),
                precondition: Precondition::None,
            }),
            2 => Command::DeleteAdapter { adapter, precondition: Precondition::None },
            3 | 4 => {
                let targets = if self.random(3) == 0 { Targets::All } else { Targets::Named(vec![adapter]) };
                Command::SetEnabled(SetEnabled { targets, enabled: self.random(2) == 0, reason: Some("because".into()) })
            }
            5..=7 => Command::Register(Register {
                holder: self::holder(&pod, &format!("i{}", self.random(1000))),
                capacity: 1 + self.random(5),
                labels: BTreeMap::default(),
                connectors: vec!["tcp".parse().expect("a connector")],
                platform: (self.random(2) == 0).then(|| "linux-x86_64".to_owned()),
                access_token: token,
            }),
            8 | 9 => {
                let session = self.any_session();
                let lease = self.fleet.session(&session).and_then(|entry| entry.lease.clone());
                let (holder, sessions) = match lease {
                    Some(lease) => (lease.holder, vec![(session, lease.token)]),
                    None => (holder(&self.fleet, &pod), vec![]),
                };
                Command::Release(Release { holder, sessions, access_token: token })
            }
            10 => Command::Claim(Claim { holder: holder(&self.fleet, &pod), sessions: vec![self.any_session()], access_token: token }),
            11 => Command::Drain(Drain { pod: pod.parse().expect("a name"), incarnation: None, access_token: None, reason: None }),
            14 | 15 => {
                let (artifact, content) = (artifact(self.random(2)), content_of(CONTENTS[self.random(3) as usize]));
                let source = match self.random(4) {
                    0 => ArtifactSource::Version(1 + self.random(3)),
                    _ => ArtifactSource::Upload { content, media_type: Some("text/plain".into()) },
                };
                Command::PutArtifact(PutArtifact { artifact, source, precondition: Precondition::None })
            }
            17 | 18 => {
                let number = self.random(3);
                let (content, version) = (content_of(CONTENTS[number as usize]), format!("1.{number}.0").parse().expect("a version"));
                let name = format!("plugin-{}", self.random(2));
                let descriptor = serde_json::json!({ "connector": name, "description": "walks", "settings_schema": {} });
                let descriptor = serde_json::from_value(descriptor).expect("a descriptor");
                let platforms = BTreeMap::from([("any".to_owned(), "run".to_owned())]);
                let facts = PluginFacts { version, descriptor, platforms, licence: "MIT".into() };
                let signed = (number == 1).then(|| ("c2ln".to_owned(), "key".to_owned()));
                Command::InstallPlugin(Box::new(InstallPlugin { plugin: name.parse().expect("a name"), facts, content, signed }))
            }
            19 => Command::RemovePlugin { plugin: format!("plugin-{}", self.random(2)).parse().expect("a name") },
            16 => Command::DeleteArtifact { artifact: artifact(self.random(2)), precondition: Precondition::None },
            12 => Command::Move(MoveSession { session: self.any_session(), to: pod.parse().expect("a name") }),
            _ => {
                let registrations: Vec<RegistrationId> = self.fleet.registrations().map(|(id, _)| id).collect();
                self.silent = self.pick(&registrations);
                Command::Expire
            }
        }
    }
}

/// Takes the content of artifacts from one database to another, as a dump of two tables does. A ledger does not bring it along.
pub async fn copy_content(from: &Database, to: &Database) {
    let (from, to) = (from.connect().await, to.connect().await);
    let blobs = "select sha256, size, upload, data from blob join blob_chunk using (upload)";
    for row in from.query(blobs, &[]).await.expect("reads") {
        let (sha256, size, upload): (Vec<u8>, i64, Uuid) = (row.get(0), row.get(1), row.get(2));
        to.execute("insert into blob values ($1, $2, $3)", &[&sha256, &size, &upload]).await.expect("written");
        to.execute("insert into blob_chunk values ($1, 0, $2)", &[&upload, &row.get::<_, Vec<u8>>(3)]).await.expect("written");
    }
}

/// What artifacts hold in a walk.
const CONTENTS: [&[u8]; 3] = [b"zero", b"one", b"two and a half"];

fn content_of(data: &[u8]) -> Content {
    Content { sha256: ContentHash::new(Sha256::digest(data).into()), size: data.len() as u64 }
}

fn artifact(number: u32) -> conncentric::domain::name::ArtifactName {
    format!("file-{number}").parse().expect("a name")
}

pub fn access_token() -> AccessTokenId {
    "0123456789abcdef".parse().expect("an id")
}

pub fn holder(pod: &str, incarnation: &str) -> Holder {
    Holder { pod: pod.parse().expect("a name"), incarnation: incarnation.parse().expect("an incarnation") }
}

pub fn spec(replicas: u16, ttl_ms: u32) -> AdapterSpec {
    AdapterSpec {
        connector: "tcp".parse().expect("a connector"),
        mode: Mode::LoadBalanced,
        replicas,
        lease_ttl_ms: LeaseTtl::from_millis(ttl_ms).expect("in bounds"),
        priority: 100,
        placement: Placement::default(),
        on_lease_loss: OnLeaseLoss::Stop,
        artifacts: vec![],
        settings: serde_json::Map::from_iter([("address".to_owned(), "venue:7001".into())]),
    }
}
