//! Every event type in every version that was ever written: history that must be readable for ever.
//!
//! `tests/corpus/events/TYPE.vN.json` holds the data of one event as version N of its type wrote it. Files are added when a
//! version is, and never edited; `SHA256SUMS` beside them holds them to that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use conncentric::domain::action::Answer;
use conncentric::domain::adapter::{AdapterSpec, Labels, LeaseTtl, Mode, OnLeaseLoss, Placement};
use conncentric::domain::archive::Archive;
use conncentric::domain::canonical::canonical;
use conncentric::domain::entry::{Category, Level};
use conncentric::domain::event::{
    AccessTokenCreated, AccessTokenRevoked, ActionAnswered, ActionOrdered, AdapterDeclared, AdapterDeleted, AdapterDisabled,
    AdapterEnabled, AdapterRevised, ArtifactDeleted, ArtifactStored, ClaimKind, EpochBegan, EpochCause, EpochSettled, Event,
    LeaseConfirmed, LeaseExpired, LedgerSealed, LedgerUnsealed, MaintenanceBegan, MaintenanceEnded, PluginInstalled, PluginRemoved,
    PodDrained, PodLeft, PodLost, PodRegistered, PodResumed, PulsesDropped, Recorded, SessionClaimed, SessionLogged, SessionMoveOrdered,
    SessionReleased, SessionStatusChanged,
};
use conncentric::domain::evolve::evolve;
use conncentric::domain::fleet::Fleet;
use conncentric::domain::identity::Role;
use conncentric::domain::name::RegistrationId;
use conncentric::domain::status::OperationalStatus;
use conncentric::domain::token::{Epoch, FencingToken, Position};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The position of the claim in every small history that has one.
const CLAIM: Position = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/events")
}

/// All files by type and version.
fn corpus() -> BTreeMap<(String, i16), Vec<u8>> {
    let names =
        std::fs::read_dir(folder()).expect("the corpus").map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let files = names.filter(|name| name != "SHA256SUMS").map(|name| {
        let parts = name.strip_suffix(".json").and_then(|stem| stem.rsplit_once(".v"));
        let (kind, version) = parts.unwrap_or_else(|| panic!("{name} is not named TYPE.vN.json"));
        let data = std::fs::read(folder().join(&name)).expect("the file");
        ((kind.to_owned(), version.parse().expect("a version")), data)
    });
    files.collect()
}

fn read(kind: &str, version: i16, data: &[u8]) -> Event {
    Event::read(kind, version, data).unwrap_or_else(|error| panic!("{kind}.v{version}: {error}"))
}

#[test]
fn every_type_and_version_has_a_file() {
    let have: Vec<(String, i16)> = corpus().into_keys().collect();
    let versions = |(kind, current): &(&str, i16)| (1..=*current).map(|version| ((*kind).to_owned(), version)).collect::<Vec<_>>();
    let mut need: Vec<(String, i16)> = Event::TYPES.iter().flat_map(versions).collect();
    need.sort();
    assert_eq!(have, need, "add a file for what is new (and its sum), and remove none");
}

#[test]
fn every_file_is_read_as_the_event_that_it_stands_for() {
    for ((kind, version), data) in corpus() {
        assert_eq!(read(&kind, version, &data), meant(&kind, version), "{kind}.v{version}");
    }
}

/// Whoever changes what is written without raising the version finds out here.
#[test]
fn what_is_written_today_is_the_newest_file_to_the_byte() {
    let corpus = corpus();
    for (kind, version) in Event::TYPES {
        let event = meant(kind, *version);
        let written = canonical(&event.data().expect("JSON")) + "\n";
        let file = &corpus[&((*kind).to_owned(), *version)];
        assert_eq!(written, String::from_utf8_lossy(file), "{kind}: raise its version, add an upcast and a new file");
        assert_eq!((event.type_name(), event.schema_version()), (*kind, *version));
    }
}

#[test]
fn every_file_folds_in_a_small_history() {
    let corpus = corpus();
    let current = |kind: &&str| {
        let (_, version) = Event::TYPES.iter().find(|(name, _)| name == kind).expect("a type");
        read(kind, *version, &corpus[&((*kind).to_owned(), *version)])
    };
    for ((kind, version), data) in &corpus {
        let history = before(kind).iter().map(current).chain([read(kind, *version, data)]);
        let fleet = history.zip(1..).fold(Fleet::new(Epoch(1)), |fleet, (event, position)| {
            let epoch = if matches!(event, Event::EpochBegan(_)) { Epoch(2) } else { fleet.epoch() };
            evolve(fleet, &Recorded { epoch, ..recorded(event, position) }).unwrap_or_else(|corrupt| panic!("{kind}.v{version}: {corrupt}"))
        });
        assert_eq!(fleet.ledger_position(), Position::try_from(before(kind).len() + 1).expect("small"), "{kind}.v{version}");
    }
}

/// A file that was committed stands for events that exist. `sha256sum --check SHA256SUMS` says the same.
#[test]
fn no_file_was_edited() {
    let line = |((kind, version), data)| format!("{}  {kind}.v{version}.json\n", data_encoding::HEXLOWER.encode(&Sha256::digest(data)));
    let sums = corpus().into_iter().map(line).collect::<Vec<_>>().concat();
    let listed = std::fs::read_to_string(folder().join("SHA256SUMS")).expect("the list");
    assert_eq!(sums, listed, "restore what was edited; a changed event is a new version with a file of its own");
}

/// What must have happened before an event of this type.
fn before(kind: &str) -> &'static [&'static str] {
    match kind {
        "AccessTokenRevoked" => &["AccessTokenCreated"],
        "ArtifactDeleted" => &["ArtifactStored"],
        "PluginRemoved" => &["PluginInstalled"],
        "AdapterRevised" | "AdapterEnabled" | "AdapterDeleted" => &["AdapterDeclared"],
        "AdapterDisabled" => &["AdapterDeclared", "AdapterEnabled"],
        "EpochSettled" => &["EpochBegan"],
        "LeaseConfirmed" => &["AdapterDeclared", "AdapterEnabled", "PodRegistered", "SessionClaimed", "EpochBegan"],
        "PodDrained" | "PodLeft" | "PodLost" => &["PodRegistered"],
        "PodResumed" => &["PodRegistered", "PodDrained"],
        "SessionClaimed" => &["AdapterDeclared", "AdapterEnabled", "PodRegistered"],
        "LedgerUnsealed" => &["AdapterDeclared", "AdapterEnabled", "PodRegistered", "SessionClaimed", "LedgerSealed"],
        "ActionAnswered" => &["AdapterDeclared", "AdapterEnabled", "PodRegistered", "SessionClaimed", "ActionOrdered"],
        "LedgerSealed"
        | "ActionOrdered"
        | "SessionLogged"
        | "SessionStatusChanged"
        | "SessionMoveOrdered"
        | "SessionReleased"
        | "LeaseExpired" => &["AdapterDeclared", "AdapterEnabled", "PodRegistered", "SessionClaimed"],
        _ => &[],
    }
}

fn recorded(event: Event, position: Position) -> Recorded {
    let (actor, recorded_at) = ("test".to_owned(), DateTime::UNIX_EPOCH);
    Recorded { position, epoch: Epoch(1), id: Uuid::nil(), recorded_at, actor, request_id: None, cause: None, event }
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a valid name")
}

fn spec() -> AdapterSpec {
    AdapterSpec {
        connector: name("tcp"),
        mode: Mode::Exclusive,
        replicas: 1,
        lease_ttl_ms: LeaseTtl::DEFAULT,
        priority: 100,
        placement: Placement { labels: zone(), capacity: 1 },
        on_lease_loss: OnLeaseLoss::Stop,
        artifacts: vec!["fix44-dictionary".into()],
        settings: settings(json!({"connect": "venue.example:9001", "heartbeat": {"every": 2.5, "text": "é\n"}})),
    }
}

fn wider_spec() -> AdapterSpec {
    AdapterSpec {
        mode: Mode::LoadBalanced,
        replicas: 3,
        priority: -5,
        placement: Placement { labels: Labels::new(), capacity: 2 },
        on_lease_loss: OnLeaseLoss::Continue,
        artifacts: vec![],
        settings: serde_json::Map::new(),
        ..spec()
    }
}

fn settings(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_value(value).expect("an object")
}

fn zone() -> Labels {
    Labels::from([("zone".into(), "a".into())])
}

/// The event that each file stands for, as today's program knows it.
fn meant(kind: &str, version: i16) -> Event {
    let (adapter, session, pod) = (name("venue-a"), name("venue-a/0"), name("pod-1"));
    let incarnation = name("9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d");
    let access_token = name("0123456789abcdef");
    let registration = RegistrationId(1);
    let token = FencingToken::new(Epoch(1), CLAIM).expect("a token");
    let ttl_ms = LeaseTtl::DEFAULT;
    match (kind, version) {
        ("AccessTokenCreated", 1) => {
            let hash = json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
            let hash = serde_json::from_value(hash).expect("a hash");
            AccessTokenCreated { access_token, name: "pods of zone a".into(), role: Role::Pod, pod: Some(pod), hash }.into()
        }
        ("AccessTokenRevoked", 1) => AccessTokenRevoked { access_token }.into(),
        ("ActionAnswered", 1) => {
            let message = Some("sequence number 41 was sent already".into());
            ActionAnswered { session, token, action: CLAIM + 1, name: name("set-sequence"), state: Answer::Failed, message }.into()
        }
        ("ActionOrdered", 1) => {
            let parameters = settings(json!({"next": 41, "note": "é\n"}));
            ActionOrdered { session, token, action: name("set-sequence"), parameters }.into()
        }
        ("AdapterDeclared", 1) => AdapterDeclared { adapter, revision: 1, spec: spec() }.into(),
        ("AdapterDeleted", 1) => AdapterDeleted { adapter }.into(),
        ("AdapterDisabled", 1) => AdapterDisabled { adapter, reason: Some("new certificates".into()) }.into(),
        ("AdapterEnabled", 1) => AdapterEnabled { adapter, reason: None }.into(),
        ("AdapterRevised", 1) => AdapterRevised { adapter, revision: 2, spec: wider_spec() }.into(),
        ("ArtifactDeleted", 1) => ArtifactDeleted { artifact: name("fix44-dictionary") }.into(),
        ("ArtifactStored", 1) => {
            let sha256 = name("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
            let media_type = Some("text/xml".into());
            ArtifactStored { artifact: name("fix44-dictionary"), version: 1, sha256, size: 20_480, media_type }.into()
        }
        ("EpochBegan", 1) => {
            let database = Some("7412098341275012345/16384".into());
            let because = EpochCause::Promoted;
            EpochBegan { previous: Epoch(1), because, known: Some(1207), database, timeline: Some(2), wait_ms: 15_000 }.into()
        }
        ("EpochSettled", 1) => EpochSettled { waited_ms: 15_003 }.into(),
        ("LeaseConfirmed", 1) => LeaseConfirmed { session, token, pod, incarnation }.into(),
        ("LeaseExpired", 1) => LeaseExpired { session, token, pod, incarnation, silence_ms: 15_012, ttl_ms, safety_margin_ms: 512 }.into(),
        ("MaintenanceBegan", 1) => {
            MaintenanceBegan { adapters: vec![adapter, name("venue-b")], reason: Some("new switches".into()) }.into()
        }
        ("MaintenanceEnded", 1) => MaintenanceEnded { adapters: vec![adapter], reason: None }.into(),
        ("LedgerSealed", 1) => {
            let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
            let archive = Archive { first: 1, last: 4, events: 3, hash: hash.clone(), file: "ledger-2025.jsonl".into(), sha256: hash };
            LedgerSealed::new(archive, Some("end of the year".into())).into()
        }
        ("LedgerUnsealed", 1) => LedgerUnsealed { first: 1, last: 4, reason: None }.into(),
        ("PodDrained", 1) => PodDrained { pod, registration, reason: Some("node upgrade".into()) }.into(),
        ("PodLeft", 1) => PodLeft { pod, incarnation, registration }.into(),
        ("PodLost", 1) => PodLost { pod, incarnation, registration, silence_ms: 60_000 }.into(),
        ("PluginInstalled", 1) => {
            let action = json!({"name": "resend", "description": "Sends again.", "parameters_schema": {"type": "object"}});
            let descriptor =
                json!({"connector": "feed", "description": "Reads a feed.", "settings_schema": {"type": "object"}, "actions": [action]});
            PluginInstalled {
                plugin: name("feed"),
                version: name("1.2.0"),
                sha256: name("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                size: 20_480,
                descriptor: serde_json::from_value(descriptor).expect("a descriptor"),
                platforms: [("any", "feed.py"), ("linux-x86_64", "bin/feed")].map(|(of, file)| (of.to_owned(), file.to_owned())).into(),
                licence: "MIT".into(),
                signature: Some("c2ln".into()),
                signed_by: Some("0123456789abcdef".into()),
            }
            .into()
        }
        ("PluginRemoved", 1) => PluginRemoved { plugin: name("feed") }.into(),
        ("PodRegistered", 1 | 2) => {
            let connectors = vec![name("exec"), name("tcp")];
            // Version 1 knew of no platforms.
            let platform = (version > 1).then(|| "linux-x86_64".to_owned());
            PodRegistered { pod, incarnation, registration, capacity: 10, labels: zone(), connectors, platform, access_token }.into()
        }
        ("PodResumed", 1) => PodResumed { pod, registration }.into(),
        ("PulsesDropped", 1) => PulsesDropped { first: 2, last: 1_048_575, count: 1_040_000, partition: Some(0) }.into(),
        ("SessionClaimed", 1) => {
            let kind = ClaimKind::Placement;
            SessionClaimed { session, pod, incarnation, registration, kind, ttl_ms, revision: 1, units: 1 }.into()
        }
        ("SessionLogged", 1) => {
            let message = "sequence gap: 17 messages asked for again".into();
            SessionLogged { session, token, level: Level::Warning, category: Category::Connection, message }.into()
        }
        ("SessionMoveOrdered", 1) => SessionMoveOrdered { session, token, to: name("pod-2"), to_registration: RegistrationId(2) }.into(),
        ("SessionReleased", 1) => SessionReleased { session, token, pod, incarnation, handover: true }.into(),
        ("SessionStatusChanged", 1) => {
            SessionStatusChanged { session, token, status: OperationalStatus::Error, reason: Some("connection refused".into()) }.into()
        }
        other => panic!("say here what {other:?} stands for"),
    }
}
