//! Planned maintenance of the database: as the operator of old does it, and with `maintenance`.

use std::time::Duration;

use conncentric::domain::status::OperationalStatus;
use conncentric::wire::adapter::AdapterDocument;

use super::{assert_sound, expiries};
use crate::support::postgres::{Database, Guarded};
use crate::support::system::System;

async fn start(guarded: &Guarded, name: &str) -> System {
    let mut system = System::start_on(Database::create_in(guarded, name).await, 2).await;
    let urls = system.urls();
    for pod in ["pod-1", "pod-2"] {
        system.add_pod(pod, &urls).await;
    }
    system
}

async fn run(system: &System, arguments: &[&str]) -> String {
    let (status, said) = system.cli(arguments).await;
    assert!(status.success(), "{arguments:?}: {said}");
    said
}

/// Until the orchestrators have found the database again, who asks for anything is told to come back.
async fn restart(guarded: &Guarded, system: &System) {
    guarded.cluster.restart().await.expect("restarts");
    system.until_heard(&["pod-1", "pod-2"], 1).await;
}

/// Everything is closed, the database restarts, and what ran before runs again, under new tokens.
#[tokio::test]
async fn everything_disabled_around_a_restart_of_the_database_comes_back() {
    let guarded = Guarded::start().await;
    let system = start(&guarded, "procedure").await;
    let before = system.declare(&system.many_to_venue(4, Duration::from_secs(10))).await;
    run(&system, &["disable", "--all", "--wait"]).await;
    restart(&guarded, &system).await;
    run(&system, &["enable", "--all", "--wait"]).await;
    let after = system.until_moved(Duration::from_secs(5), &before).await;
    assert_eq!(after.len(), before.len());
    assert_eq!(expiries(&system).await, []);
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
    drop(system);
    guarded.end();
}

/// The same with one that somebody had disabled before: it stays so.
#[tokio::test]
async fn a_maintenance_around_a_restart_of_the_database_brings_back_exactly_what_ran() {
    let guarded = Guarded::start().await;
    let system = start(&guarded, "maintained").await;
    let mut documents = system.many_to_venue(4, Duration::from_secs(10));
    documents.push(AdapterDocument { enabled: Some(false), ..system.to_venue("resting", Duration::from_secs(10)) });
    let (running, resting) = documents.split_at(4);
    let before = system.declare(running).await;
    let path = "/v1/adapters/resting";
    let _: serde_json::Value = system.call(reqwest::Method::PUT, path, Some(&resting[0])).await.expect("declared");

    run(&system, &["maintenance", "begin", "--all", "--reason", "new disks", "--wait"]).await;
    assert!(system.sessions().await.expect("answers").iter().all(|session| session.status == OperationalStatus::Inactive));
    restart(&guarded, &system).await;
    assert!(run(&system, &["maintenance", "status"]).await.contains("venue-a comes back"));
    run(&system, &["maintenance", "end", "--wait"]).await;

    let sessions = system.sessions().await.expect("answers");
    for session in &sessions {
        let (ran, runs) = (before.contains_key(&session.session), session.status == OperationalStatus::Active);
        assert_eq!(ran, runs, "{session:?}");
    }
    assert!(run(&system, &["maintenance", "status"]).await.contains("no maintenance"));
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
    drop(system);
    guarded.end();
}
