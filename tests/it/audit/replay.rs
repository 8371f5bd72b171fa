//! The past from the event table alone and the past from the projections are the same, at every position.

use std::process::Output;
use std::time::Duration;

use conncentric::audit::replay::{Replay, ownership};
use conncentric::client::Error;
use conncentric::domain::command::{Command, Heartbeat, Report};
use conncentric::domain::fleet::{Adapter, Fleet, Lease, Registration};
use conncentric::domain::name::{AdapterName, RegistrationId, SessionId};
use conncentric::domain::status::OperationalStatus;
use conncentric::domain::token::Position;
use conncentric::log::{At, Connection, Entry, Moment, load_fleet_at, locate, read_extent, read_tail, sql};
use conncentric::wire::ownership::OwnershipAt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::postgres::Database;
use crate::support::process::command;
use crate::support::system::System;
use crate::support::walk::{Walk, access_token};

/// Everything that history keeps of a fleet. What only decisions need is not among it.
#[derive(Debug, PartialEq)]
struct Kept {
    adapters: Vec<(AdapterName, Adapter)>,
    leases: Vec<(SessionId, Option<Lease>)>,
    registrations: Vec<(RegistrationId, Registration)>,
}

impl Kept {
    fn of(fleet: &Fleet) -> Self {
        let forget = |registration: &Registration| Registration { former: imbl::Vector::new(), ..registration.clone() };
        Self {
            adapters: fleet.adapters().map(|(name, adapter)| (name.clone(), adapter.clone())).collect(),
            leases: fleet.sessions().map(|(session, entry)| (session.clone(), entry.lease.clone())).collect(),
            registrations: fleet.registrations().map(|(id, registration)| (id, forget(registration))).collect(),
        }
    }
}

async fn entries(connection: &Connection) -> Vec<Entry> {
    let statement = connection.statement(sql::READ_TAIL).await.expect("prepares");
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, Entry::position);
        let page = read_tail(connection, &statement, after, 5000).await.expect("reads");
        if page.is_empty() {
            return entries;
        }
        entries.extend(page);
    }
}

async fn moment(connection: &Connection, at: At) -> Moment {
    let extent = read_extent(connection).await.expect("reads");
    at.within(&extent).expect("in the log");
    locate(connection, at, &extent).await.expect("locates")
}

impl Walk {
    /// A pod reports how one of its sessions fares.
    fn any_report(&mut self) -> Option<Command> {
        let owned: Vec<(SessionId, Lease)> =
            self.fleet.sessions().filter_map(|(session, entry)| Some((session.clone(), entry.lease.clone()?))).collect();
        let (session, lease) = self.pick(&owned)?;
        let status = self.pick(&[OperationalStatus::Active, OperationalStatus::Error, OperationalStatus::Claiming])?;
        let reason = (status != OperationalStatus::Active).then(|| format!("reason {}", self.random(3)));
        let report = Report { session, token: lease.token, status, reason, trusted: true };
        Some(Command::Heartbeat(Heartbeat {
            holder: lease.holder,
            sequence: 1,
            epoch: None,
            seen: None,
            reports: vec![report],
            access_token: access_token(),
        }))
    }
}

#[tokio::test]
async fn at_every_position_of_a_random_walk_replay_and_projections_agree() {
    let database = Database::create("walk_back").await;
    let mut walk = Walk::begin(&database).await;
    for _ in 0..400 {
        let command = walk.any_command();
        walk.command(&command).await;
        if let Some(report) = walk.any_report() {
            walk.command(&report).await;
        }
    }
    let mut replay = Replay::default();
    let (mut superseded, mut moving) = (0, 0);
    for entry in entries(&walk.connection).await {
        let position = entry.position();
        let recorded_at = match entry {
            Entry::Ledger(recorded) => {
                let recorded_at = recorded.recorded_at;
                replay.apply(*recorded).expect("folds");
                recorded_at
            }
            Entry::Pulse(pulse) => pulse.recorded_at,
        };
        let moment = moment(&walk.connection, At::Position(position)).await;
        assert_eq!((moment.position, moment.time), (position, recorded_at));
        let loaded = load_fleet_at(&walk.connection, &moment).await.expect("loads");
        assert_eq!(Kept::of(&loaded), Kept::of(replay.fleet()), "at {position}");
        assert_eq!(ownership(&loaded, &moment), ownership(replay.fleet(), &moment), "at {position}");
        superseded += loaded.registrations().count() - loaded.pods().count();
        moving += loaded.sessions().filter(|(_, entry)| entry.lease.as_ref().is_some_and(|lease| lease.moving_to.is_some())).count();
    }
    assert!(replay.events() > 400 && superseded > 0 && moving > 0, "the walk saw it all: {}, {superseded}, {moving}", replay.events());
}

/// A failover, a handover and a maintenance, on a system of real processes.
async fn an_eventful_system() -> System {
    let mut system = System::start("replay", 1, 3).await;
    let ttl = Duration::from_secs(2);
    let before = system.declare(&system.many_to_venue(3, ttl)).await;
    let session: SessionId = "venue-a/0".parse().expect("a session");
    let owner = before[&session].pod().to_owned();
    system.pod(&owner).kill().await;
    let taken_over = system.until_off(ttl * 10, &owner).await;
    let living: Vec<String> = system.pods().filter(|pod| *pod != owner).map(str::to_owned).collect();
    let to = living.iter().find(|pod| *pod != taken_over[&session].pod()).expect("three pods");
    for arguments in
        [&["move", "venue-a/0", "--to", to, "--wait"] as &[&str], &["disable", "venue-b", "--reason", "new certificates", "--wait"]]
    {
        let (status, said) = system.cli(arguments).await;
        assert!(status.success(), "{said}");
    }
    system
}

/// `conncentric replay …` on the database of a system.
async fn replay(system: &System, arguments: &[&str]) -> Output {
    let mut command = command();
    command.arg("replay").args(arguments).env("DATABASE_URL", &system.database.app_url);
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends")
}

async fn replayed(system: &System, arguments: &[&str]) -> Value {
    let output = replay(system, &[arguments, &["-o", "json"]].concat()).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

async fn asked(system: &System, path: &str) -> Value {
    system.call(Method::GET, path, None::<&()>).await.unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[tokio::test]
async fn at_every_position_of_a_failover_replay_and_api_agree() {
    let system = an_eventful_system().await;
    let mut fold = Replay::default();
    let mut last: (Position, Value) = (0, Value::Null);
    for entry in system.entries().await {
        let position = entry.position();
        if let Entry::Ledger(recorded) = entry {
            fold.apply(*recorded).expect("folds");
        }
        let said: OwnershipAt =
            serde_json::from_value(asked(&system, &format!("/v1/ownership?at={position}")).await).expect("an ownership");
        assert_eq!(said.at_position, position);
        let moment = Moment { epoch: fold.fleet().epoch(), position, time: said.at_time };
        assert_eq!(said, ownership(fold.fleet(), &moment));
        last = (position, serde_json::to_value(&said).expect("serialises"));
    }
    // The program does what its parts do, by position and by time.
    let (position, said) = last;
    assert_eq!(replayed(&system, &["--at", &position.to_string()]).await, said);
    for recorded in system.events().await.iter().step_by(7) {
        let time = recorded.recorded_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        assert_eq!(replayed(&system, &["--at", &time]).await, asked(&system, &format!("/v1/ownership?at={time}")).await, "at {time}");
    }
    lists_and_events_look_back_too(&system).await;
    logs_histories_and_heartbeats_look_back_too(&system).await;
    the_explanation_names_causes_and_people(&system).await;
}

async fn lists_and_events_look_back_too(system: &System) {
    let disabled = system.events().await.into_iter().rfind(|recorded| recorded.event.type_name() == "AdapterDisabled").expect("one");
    let before = disabled.position - 1;
    let adapter = asked(system, &format!("/v1/adapters/venue-b?at={before}")).await;
    assert_eq!((&adapter["admin_state"], &adapter["status"]), (&json!("ENABLED"), &json!("ACTIVE")));
    let adapters = asked(system, &format!("/v1/adapters?at={}", disabled.position)).await;
    assert_eq!(adapters["adapters"][1]["admin_state"], "DISABLED");
    let session = asked(system, &format!("/v1/sessions/venue-b/0?at={}", disabled.position)).await;
    assert_eq!(session["reason"], "closing: the adapter is disabled");
    assert!(session["owner"]["pod"].is_string() && session["next_owner"].is_null() && session["lease_age_ms"].is_null(), "{session}");
    let pods = asked(system, "/v1/pods?at=1").await;
    assert_eq!(pods, json!({ "pods": [] }), "nobody had registered yet");
    let page = asked(system, &format!("/v1/events?at={before}&order=desc&limit=1")).await;
    assert_eq!(page["events"][0]["position"], before);
    let time = disabled.recorded_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let page = asked(system, &format!("/v1/events?at={time}&order=desc&limit=1&pulses=false")).await;
    assert_eq!(page["events"][0]["position"], disabled.position, "what was recorded at that very time had happened");
    let (status, said) = system.cli(&["get", "sessions", "venue-b", "--at", &before.to_string()]).await;
    assert!(status.success() && said.contains("ACTIVE"), "{said}");
    let (status, said) = system.cli(&["get", "pods", "--at", &before.to_string()]).await;
    assert!(status.success() && said.contains("READY"), "{said}");
    let (status, said) = system.cli(&["get", "events", "--at", &time]).await;
    assert!(status.success() && said.contains("AdapterDisabled") && !said.contains("SessionReleased venue-b"), "{said}");
}

async fn logs_histories_and_heartbeats_look_back_too(system: &System) {
    let events = system.events().await;
    let claims: Vec<_> =
        events.iter().filter(|recorded| recorded.event.type_name() == "SessionClaimed").map(|recorded| recorded.position).collect();
    let history = asked(system, "/v1/sessions/venue-a/0/history").await;
    let ended = history["ownerships"].as_array().expect("ownerships").last().expect("the first owner").clone();
    let (from, to) = (ended["from_position"].as_i64().expect("a position"), ended["to_position"].as_i64().expect("it ended"));
    assert!(claims.contains(&from));
    // At the position of its end it had ended, and just before it was still lasting.
    let then = asked(system, &format!("/v1/sessions/venue-a/0/history?at={}", to - 1)).await;
    let mut lasting = ended;
    for field in ["to_position", "to", "ended_by"] {
        lasting[field] = Value::Null;
    }
    assert_eq!(then, json!({ "ownerships": [lasting] }));
    let then = asked(system, &format!("/v1/sessions/venue-a/0/history?at={to}")).await;
    assert_eq!(then["ownerships"].as_array().expect("ownerships").last().expect("one")["to_position"], to);
    assert_eq!(asked(system, &format!("/v1/sessions/venue-a/0/history?at={}", from - 1)).await, json!({ "ownerships": [] }));

    let positions = |page: &Value| -> Vec<i64> {
        page["entries"].as_array().expect("entries").iter().map(|entry| entry["position"].as_i64().expect("a position")).collect()
    };
    let log = positions(&asked(system, "/v1/adapters/venue-a/log").await);
    let then = positions(&asked(system, &format!("/v1/adapters/venue-a/log?at={to}")).await);
    assert_eq!(then, log.iter().copied().filter(|position| *position <= to).collect::<Vec<_>>());
    assert!(!then.is_empty() && then.len() < log.len(), "{log:?}");
    let both = positions(&asked(system, &format!("/v1/adapters/venue-a/log?at={to}&before={to}")).await);
    assert!(both.iter().all(|position| *position < to), "{both:?}");

    let pod = system.pods().last().expect("a pod").to_owned();
    let beats = asked(system, &format!("/v1/pods/{pod}/heartbeats?limit=5")).await;
    let newest = beats["heartbeats"].as_array().expect("heartbeats").clone();
    assert!(newest.len() == 5 && beats["interval_ms"].as_u64().is_some_and(|interval| interval > 0), "{beats}");
    let order = |beats: &[Value], field: &str| -> Vec<i64> { beats.iter().map(|beat| beat[field].as_i64().expect("a number")).collect() };
    for field in ["position", "sequence"] {
        assert!(order(&newest, field).is_sorted_by(|newer, older| newer > older), "{beats}");
    }
    let third = newest[2]["position"].as_i64().expect("a position");
    let then = asked(system, &format!("/v1/pods/{pod}/heartbeats?limit=1&at={third}")).await;
    assert_eq!(then["heartbeats"], json!([newest[2]]));
}

async fn the_explanation_names_causes_and_people(system: &System) {
    let moved = system.events().await.into_iter().rfind(|recorded| recorded.event.type_name() == "SessionMoveOrdered").expect("one");
    let before = replayed(system, &["--session", "venue-a/0", "--explain", "--at", &(moved.position - 1).to_string()]).await;
    let why = told(&before["sessions"][0]["why"]);
    for part in ["the last that was heard of pod-", "expired: nothing had been heard", "took it over", "ordered by admin:tests via token:"]
    {
        assert!(why.contains(part), "{part} is missing in {why}");
    }
    let now = replayed(system, &["--explain"]).await;
    let moved_there = told(&now["sessions"][0]["why"]);
    for part in ["it was ordered to move to pod-", "closed it so that it could run elsewhere, because it was to move", "was handed it"] {
        assert!(moved_there.contains(part), "{part} is missing in {moved_there}");
    }
    let disabled = told(&now["sessions"][1]["why"]);
    assert!(disabled.contains("closed it, because adapter venue-b was disabled: new certificates"), "{disabled}");

    let life = replayed(system, &["--session", "venue-a/0"]).await;
    assert_eq!((&life["ownerships"], &life["expiries"]), (&json!(3), &json!(1)), "{life}");
    assert!(life["without_owner_ms"].as_i64().is_some_and(|ms| ms < 2000), "expiry and takeover are one append: {life}");
    assert!(told(&life["events"]).contains("; it had been owned for "), "{life}");
    let shown = replay(system, &["--session", "venue-a/0"]).await;
    assert!(String::from_utf8_lossy(&shown.stdout).contains("3 ownerships, 1 of them ended by silence"));
}

fn told(lines: &Value) -> String {
    let text = |line: &Value| format!("{} [{}]\n", line["what"].as_str().unwrap_or_default(), line["who"].as_str().unwrap_or_default());
    lines.as_array().expect("lines").iter().map(text).collect()
}

#[tokio::test]
async fn moments_outside_the_log_are_refused() {
    let system = System::start("outside", 1, 0).await;
    let head = system.entries().await.last().map(Entry::position).expect("a token was made");
    let beyond = (head + 1000).to_string();
    let refusals = [
        ("yesterday", "neither a time nor a position"),
        ("", "neither a time nor a position"),
        ("0", "before the first event, which is at position 1"),
        ("-1", "before the first event"),
        (beyond.as_str(), "beyond the end of the log"),
        ("2000-01-01T00:00:00Z", "before the first event"),
        ("2999-01-01T00:00:00Z", "in the future"),
    ];
    for (at, reason) in refusals {
        for path in [
            "/v1/ownership",
            "/v1/adapters",
            "/v1/sessions",
            "/v1/pods",
            "/v1/events",
            "/v1/adapters/x",
            "/v1/pods/x",
            "/v1/sessions/x/0",
            "/v1/adapters/x/log",
            "/v1/sessions/x/0/history",
            "/v1/pods/x/heartbeats",
        ] {
            let refused = system.call::<(), Value>(Method::GET, &format!("{path}?at={at}"), None).await.expect_err(path);
            let Error::Refused(problem) = refused else { panic!("{path} at {at}: {refused}") };
            assert_eq!((problem.status, problem.field.as_deref()), (400, Some("at")), "{path} at {at}: {}", problem.detail);
            assert!(problem.detail.contains(reason), "{path} at {at}: {}", problem.detail);
        }
        let (status, said) = system.cli(&["get", "sessions", "--at", at]).await;
        assert!(status.code() == Some(1) && said.contains(reason), "{at}: {said}");
        let output = replay(&system, &["--at", at]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(reason), "{at}: {said}");
    }
    let output = replay(&system, &["--session", "nobody/0"]).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("there never was a session nobody/0"));
    assert_eq!(output.status.code(), Some(1));
}
