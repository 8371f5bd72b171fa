//! A database that has lost what it had acknowledged, while the pods that were told of it live on (I2, I3, I5).
//! `CONNCENTRIC_TIMES=50` tries each as often.

use std::sync::Arc;
use std::time::Duration;

use conncentric::audit::verify::{Meter, verify_database};
use conncentric::domain::event::{EpochBegan, EpochCause};
use conncentric::domain::token::{Epoch, Position};
use conncentric::log::migrate;
use serde_json::json;

use super::{epochs, until_none_is_outdated};
use crate::support::api::{Api, Pushes, orchestrator};
use crate::support::postgres::{Database, Guarded, connect};
use crate::support::sound::assert_sound;
use crate::support::system::{Owners, System, times};
use crate::support::wait::{SOON, eventually, holds};

const TTL: Duration = Duration::from_secs(3);

/// Three pods run six sessions. A copy of the database is made; then a pod dies, and its sessions go elsewhere.
async fn with_a_copy(guarded: &Guarded, name: &str) -> (System, Owners, Owners) {
    let mut system = System::start_on(Database::create_in(guarded, name).await, 2).await;
    let urls = system.urls();
    for pod in ["pod-1", "pod-2", "pod-3"] {
        system.add_pod(pod, &urls).await;
    }
    let at_the_copy = system.declare(&system.many_to_venue(6, TTL)).await;
    copy(guarded, &system.database.name).await;
    let moved = at_the_copy.values().next().expect("an owner").pod().to_owned();
    system.pod(&moved).kill().await;
    let lost = system.until_off(SOON, &moved).await;
    (system, at_the_copy, lost)
}

/// What a dump would hold: the database as it is now, under another name.
async fn copy(guarded: &Guarded, name: &str) {
    let maintenance = connect(&guarded.cluster.url("postgres")).await;
    // A template must have no users for a moment. They come back by themselves.
    maintenance.batch_execute(&format!("alter database {name} allow_connections false")).await.expect("closed");
    eventually(SOON, async || {
        let end = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        maintenance.batch_execute(&end).await.map_err(|error| error.to_string())?;
        maintenance.batch_execute(&format!("create database {name}_copy template {name}")).await.map_err(|error| error.to_string())
    })
    .await;
    maintenance.batch_execute(&format!("alter database {name} allow_connections true")).await.expect("open");
}

/// Puts the copy in the place of the database, as a restore would.
async fn restore(guarded: &Guarded, name: &str) {
    let maintenance = connect(&guarded.cluster.url("postgres")).await;
    maintenance.batch_execute(&format!("drop database {name} with (force)")).await.expect("gone");
    maintenance.batch_execute(&format!("alter database {name}_copy rename to {name}")).await.expect("in its place");
}

/// Log, fold and projections agree, the new epoch included.
pub(super) async fn assert_verified(system: &System) {
    assert_sound(system).await;
    let report = verify_database(&system.database.url, true, &Arc::new(Meter::default())).await.expect("verifies");
    assert_eq!(report.differences().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
}

fn last_position(owners: &Owners) -> Position {
    owners.values().map(|owner| owner.token.position()).max().expect("an owner")
}

#[tokio::test]
async fn a_restored_backup_begins_an_epoch_and_no_old_token_is_ever_good_again() {
    for _ in 0..times() {
        restored_under_living_pods().await;
    }
}

async fn restored_under_living_pods() {
    let guarded = Guarded::start().await;
    let (system, at_the_copy, lost) = with_a_copy(&guarded, "restored").await;
    restore(&guarded, &system.database.name).await;

    let after = until_none_is_outdated(&system, &lost).await;
    let began = epochs(&system).await;
    let [EpochBegan { previous: Epoch(1), because: EpochCause::Restored, known: Some(known), .. }] = began.as_slice() else {
        panic!("one new epoch: {began:?}");
    };
    assert!(*known >= last_position(&lost), "what is known to be lost is said: {known}");
    for (session, owner) in &after {
        let before = &lost[session];
        let stayed = at_the_copy[session].token == before.token;
        assert_eq!(owner.token == before.token, stayed, "{session}: confirmed by an owner that never lost it, or given anew");
    }
    system.journal().assert_one_believer_at_a_time();
    assert_verified(&system).await;
    drop(system);
    guarded.end();
}

/// Nobody remembers but the pods, and the server tells nothing of where it is: their receipts are the only trace.
#[tokio::test]
async fn what_pods_were_told_is_enough_to_notice_a_loss() {
    for _ in 0..times() {
        noticed_by_receipts_alone().await;
    }
}

async fn noticed_by_receipts_alone() {
    let guarded = Guarded::start().await;
    let (mut system, _, lost) = with_a_copy(&guarded, "forgotten").await;
    system.until_heard(&["pod-2", "pod-3"], 2).await;
    for orchestrator in system.orchestrators() {
        orchestrator.kill().await;
    }
    restore(&guarded, &system.database.name).await;
    let oid = "(select oid from pg_database where datname = current_database())";
    let hide = format!("update event_head set database = (select system_identifier from pg_control_system())::text || '/' || {oid}");
    system.database.connect().await.batch_execute(&hide).await.expect("hidden");
    for orchestrator in system.orchestrators() {
        orchestrator.start_again();
    }

    until_none_is_outdated(&system, &lost).await;
    let began = epochs(&system).await;
    assert!(
        matches!(began.as_slice(), [EpochBegan { because: EpochCause::LostHistory, known: Some(known), .. }] if *known >= last_position(&lost))
    );
    system.journal().assert_one_believer_at_a_time();
    assert_verified(&system).await;
    drop(system);
    guarded.end();
}

#[tokio::test]
async fn a_receipt_that_nobody_signed_begins_no_epoch() {
    let system = System::start("forged", 1, 1).await;
    let owners = system.declare(&system.many_to_venue(1, TTL)).await;
    let client = system.database.connect().await;
    let forged = serde_json::json!({ "pod": "pod-1", "incarnation": owners.values().next().expect("an owner").holder.incarnation,
        "sequence": 1, "epoch": 4_000_000, "receipt": "4000000.99999.00ff" });
    let token = std::fs::read_to_string(system.folder().join("pod-1.token")).expect("a token");
    let url = system.urls()[0].join("/v1/heartbeats").expect("a URL");
    let answer = reqwest::Client::new().post(url).bearer_auth(token).json(&forged).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    eventually(SOON, async || {
        let epoch: i32 = client.query_one("select epoch from event_head", &[]).await.map_err(|error| error.to_string())?.get(0);
        holds(epoch == 1, format!("epoch {epoch}"))
    })
    .await;
}

/// Numbers of registrations are given out again, too: a stream that lives on belongs to its process, not to its number.
#[tokio::test]
async fn a_number_that_is_given_out_again_tells_no_pod_of_anothers_leases() {
    let guarded = Guarded::start().await;
    let database = Database::create_in(&guarded, "numbers").await;
    migrate(&database.url).await.expect("migrates");
    let app_url = database.app_url.clone();
    let mut api = Api::start_on(database, std::slice::from_ref(&app_url)).await;
    let name = api.database.name.clone();
    copy(&guarded, &name).await;
    let mut other = orchestrator("elsewhere", &api.folder, &app_url.replace(&name, &format!("{name}_copy")));
    api.urls.push(format!("http://{}", other.listening().await));
    for at in 0..2 {
        api.ready(at).await;
    }

    let here = api.pod("pod-a");
    // Copying has ended every connection, which an orchestrator may learn from the first request that needs one.
    let first = eventually(SOON, async || {
        let answer = here.register(10).await;
        holds(answer.status == 200, &answer.text).map(|()| answer.json())
    })
    .await;
    let mut stream = Pushes::open(here.stream()).await;
    stream.expect("sync").await;
    let mut elsewhere = api.pod("pod-b");
    elsewhere.at = 1;
    assert_eq!(elsewhere.register(10).await.expect(200).json()["registration"], first["registration"], "the same number in each history");
    let document = json!({ "name": "venue", "connector": "exec", "settings": { "command": ["true"] }, "mode": "exclusive", "enabled": true, "lease_ttl": "30s" });
    api.put("/v1/adapters/venue", &document).at(1).send().await.expect(201);
    assert_eq!(elsewhere.heartbeat(&[]).await.expect(200).json()["missed"][0]["session"], "venue/0");

    other.kill().await;
    restore(&guarded, &name).await;
    assert_eq!(stream.expect("gone").await["reason"], "the registration has ended; register again");
    drop(api);
    guarded.end();
}
