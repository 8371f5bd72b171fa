use serde_json::{Value, json};

use super::super::report::Report;
use super::super::screen;
use super::*;

fn orchestrator(url: &str, more: &Value) -> Asked {
    let mut status = json!({
        "ready": true, "orchestrator": "o-1", "version": "1.0.0", "database": "connected", "epoch": 1, "settling": false, "position": 9,
        "lag_ms": 3, "connections": { "append": "connected", "listen": "connected", "read": "unused" },
        "server": { "version": "15.4", "role": "primary", "standbys": [] },
    });
    status.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    Asked { url: url.parse().expect("a URL"), answer: Ok(serde_json::from_value(status).expect("a status")) }
}

fn adapter(name: &str, admin: &str, status: &str, reason: Option<&str>) -> AdapterView {
    serde_json::from_value(json!({
        "name": name, "connector": "tcp", "mode": "exclusive", "revision": 1, "admin_state": admin, "status": status, "reason": reason,
        "sessions": [format!("{name}/0")], "changed_at": "2026-01-01T00:00:00Z",
    }))
    .expect("an adapter")
}

fn pod(name: &str, status: &str, sessions: &[&str]) -> PodView {
    serde_json::from_value(json!({
        "pod": name, "incarnation": "42870537-9a16-4b9b-9da5-138ea7ff5d2f", "registration": 1, "registered_at": "2026-01-01T00:00:00Z",
        "status": status, "last_heartbeat_ms_ago": 4_000, "last_heartbeat_at": null, "capacity": 10, "used": sessions.len(),
        "sessions": sessions, "labels": {}, "connectors": ["tcp"],
    }))
    .expect("a pod")
}

fn well() -> Gathered {
    Gathered {
        orchestrators: vec![orchestrator("http://a:1", &json!({})), orchestrator("http://b:1", &json!({}))],
        fleet: Some(Fleet {
            adapters: vec![adapter("venue", "ENABLED", "ACTIVE", None), adapter("idle", "DISABLED", "INACTIVE", None)],
            sessions: vec![],
            pods: vec![pod("pod-1", "READY", &["venue/0"])],
            maintained: vec![],
        }),
    }
}

/// What is told of a fleet that is well but for one thing.
fn told(change: impl FnOnce(&mut Gathered, &mut Fleet)) -> (Vec<(Level, String, String)>, bool) {
    let mut gathered = well();
    let mut fleet = gathered.fleet.take().expect("a fleet");
    change(&mut gathered, &mut fleet);
    gathered.fleet = Some(fleet);
    let told = concerns(&gathered).into_iter().map(|concern| (concern.level, concern.about, concern.state)).collect();
    (told, Report::of(gathered).well)
}

fn one(level: Level, about: &str, state: &str) -> (Vec<(Level, String, String)>, bool) {
    (vec![(level, about.into(), state.into())], level == Level::Note)
}

#[test]
fn nothing_is_told_where_all_is_well() {
    assert_eq!(told(|_, _| {}), (vec![], true));
    let screen = screen::draw(&Report::of(well()));
    assert!(screen.starts_with("All is well.\n") && !screen.contains("next:") && !screen.contains('\u{1b}'), "{screen}");
}

#[test]
fn adapters_that_should_run_and_do_not_are_trouble() {
    let with = |admin, status, reason| told(move |_, fleet| fleet.adapters = vec![adapter("venue", admin, status, reason)]);
    assert_eq!(with("ENABLED", "ERROR", Some("refused")), one(Level::Error, "adapter/venue", "ERROR"));
    assert_eq!(with("DISABLED", "ERROR", None), one(Level::Error, "adapter/venue", "ERROR"));
    assert_eq!(with("ENABLED", "CLAIMING", Some("no pod has room")), one(Level::Error, "adapter/venue", "CLAIMING"));
    assert_eq!(with("ENABLED", "ACTIVE", Some("its lease expires")), one(Level::Warning, "adapter/venue", "ACTIVE"));
    assert_eq!(with("DISABLED", "ACTIVE", None), one(Level::Note, "adapter/venue", "ACTIVE"));
}

#[test]
fn pods_that_are_silent_are_trouble_and_drains_are_not() {
    assert_eq!(told(|_, fleet| fleet.pods = vec![pod("p", "SILENT", &["venue/0"])]), one(Level::Error, "pod/p", "SILENT"));
    assert_eq!(told(|_, fleet| fleet.pods = vec![pod("p", "SILENT", &[])]), one(Level::Warning, "pod/p", "SILENT"));
    assert_eq!(told(|_, fleet| fleet.pods = vec![pod("p", "DRAINING", &[])]), one(Level::Note, "pod/p", "DRAINING"));
    let maintained = |_: &mut Gathered, fleet: &mut Fleet| fleet.maintained = vec!["idle".parse().expect("a name")];
    assert_eq!(told(maintained), one(Level::Note, "maintenance", "UNDER WAY"));
}

#[test]
fn orchestrators_and_the_database_are_looked_at() {
    let with = |more: Value| told(move |gathered, _| gathered.orchestrators = vec![orchestrator("http://a:1", &more)]);
    let a = "orchestrator/http://a:1";
    assert_eq!(with(json!({ "ready": false, "reason": "refused" })), one(Level::Error, a, "NOT READY"));
    assert_eq!(with(json!({ "lag_ms": 2_001 })), one(Level::Warning, a, "BEHIND"));
    let connections = json!({ "append": "connected", "listen": "too many clients", "read": "unused" });
    assert_eq!(with(json!({ "connections": connections })), one(Level::Warning, a, "DEGRADED"));
    assert_eq!(with(json!({ "settling": true })), one(Level::Warning, "database", "SETTLING"));
    let standby = json!({ "name": "s", "state": "catchup", "sync_state": "async", "lag_ms": null });
    let server = json!({ "version": "15.4", "role": "primary", "standbys": [standby] });
    assert_eq!(with(json!({ "server": server })), one(Level::Warning, "standby/s", "CATCHUP"));

    let gone = |gathered: &mut Gathered, _: &mut Fleet| gathered.orchestrators[0].answer = Err("connection refused".into());
    assert_eq!(told(gone), one(Level::Error, a, "NO ANSWER"));
    let newer = |gathered: &mut Gathered, _: &mut Fleet| {
        gathered.orchestrators[1] = orchestrator("http://b:1", &json!({ "version": "1.1.0" }));
    };
    assert_eq!(told(newer), one(Level::Note, "orchestrators", "UPGRADING"));
}

#[test]
fn the_screen_begins_with_the_gravest_and_says_what_to_do() {
    let mut gathered = well();
    let fleet = gathered.fleet.as_mut().expect("a fleet");
    fleet.pods.push(pod("pod-2", "DRAINING", &[]));
    fleet.adapters.push(adapter("broken", "ENABLED", "ERROR", Some("logon refused")));
    let report = Report::of(gathered);
    let screen = screen::draw(&report);
    assert!(screen.starts_with("1 thing needs attention.\n"), "{screen}");
    assert!(screen.ends_with("next: conncentric get log broken"), "{screen}");
    assert_eq!(report.trouble(), "1 thing needs attention, first adapter/broken: logon refused");
    let (trouble, note) = (screen.find("adapter/broken"), screen.find("pod/pod-2"));
    assert!(trouble.is_some() && trouble < note, "{screen}");
}
