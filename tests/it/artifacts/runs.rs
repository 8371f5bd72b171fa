//! Pods that give artifacts to their sessions.

use std::time::Duration;

use conncentric::domain::event::{Event, SessionLogged};
use conncentric::domain::status::OperationalStatus;
use conncentric::wire::adapter::{AdapterDocument, PutAnswer};
use reqwest::Method;
use serde_json::json;

use super::sha256;
use crate::support::sound::assert_sound;
use crate::support::system::{System, document};
use crate::support::wait::{SOON, eventually, holds};

const TTL: Duration = Duration::from_secs(3);

/// A session that says what is in its artifact `dictionary`, and then waits to be ended.
fn reader(name: &str, artifact: &str) -> AdapterDocument {
    let script = r#"printf '{"log":{"level":"info","category":"system","message":"it reads %s"}}\n{"status":"ACTIVE"}\n' \
        "$(cat "$CONNCENTRIC_ARTIFACTS/dictionary")"; exec sleep 1000"#;
    let settings = json!({ "command": ["/bin/sh", "-c", script] });
    AdapterDocument { artifacts: vec![artifact.to_owned()], ..document(name, "exec", TTL, &settings) }
}

async fn put(system: &System, text: &str) {
    let file = system.folder().join("dictionary.txt");
    std::fs::write(&file, text).expect("written");
    let (status, said) = system.cli(&["artifact", "put", "dictionary", &file.display().to_string()]).await;
    assert!(status.success() && said.contains(&sha256(text.as_bytes())), "{said}");
}

async fn said(system: &System, session: &str) -> Vec<String> {
    let entries: Vec<SessionLogged> =
        system.events_of(|event| if let Event::SessionLogged(entry) = event { Some(entry) } else { None }).await;
    entries.into_iter().filter(|entry| entry.session.to_string() == session).map(|entry| entry.message).collect()
}

/// Waits until a session has said all of this.
async fn until_said(system: &System, session: &str, expected: &[String]) {
    eventually(SOON, async || {
        let said = said(system, session).await;
        holds(expected.iter().all(|text| said.contains(text)), format!("{session} said {said:?}, not yet {expected:?}"))
    })
    .await;
}

fn started_with(version: u32, text: &str) -> [String; 2] {
    [format!("artifact dictionary version {version} (sha256 {})", sha256(text.as_bytes())), format!("it reads {text}")]
}

#[tokio::test]
async fn sessions_start_with_the_newest_version_or_the_one_that_they_keep_to() {
    let system = System::start("artifact-runs", 1, 2).await;
    put(&system, "first").await;
    system.declare(&[reader("follows", "dictionary"), reader("keeps", "dictionary@1")]).await;
    until_said(&system, "follows/0", &started_with(1, "first")).await;
    until_said(&system, "keeps/0", &started_with(1, "first")).await;

    put(&system, "second").await;
    for adapter in ["follows", "keeps"] {
        let (status, said) = system.cli(&["disable", adapter, "--wait"]).await;
        assert!(status.success(), "{said}");
        let (status, said) = system.cli(&["enable", adapter, "--wait"]).await;
        assert!(status.success(), "{said}");
    }
    until_said(&system, "follows/0", &started_with(2, "second")).await;
    let kept = said(&system, "keeps/0").await;
    assert_eq!(kept.iter().filter(|text| **text == started_with(1, "first")[1]).count(), 2, "{kept:?}");
    assert_sound(&system).await;
}

/// What is missing makes an ERROR with a reason, costs no lease, and is had as soon as it is there.
#[tokio::test]
async fn a_session_whose_artifact_cannot_be_fetched_says_so_and_tries_again() {
    let system = System::start("artifact-missing", 1, 1).await;
    put(&system, "first").await;
    let owner = system.database.connect().await;
    owner.batch_execute("create table away as table blob; delete from blob").await.expect("taken away");
    let _: PutAnswer = system.call(Method::PUT, "/v1/adapters/a", Some(&reader("a", "dictionary"))).await.expect("declared");
    let failed = |session: &conncentric::wire::session::SessionView| {
        let reason = session.reason.as_deref().unwrap_or_default();
        session.status == OperationalStatus::Error && reason.starts_with("artifact dictionary version 1 cannot be fetched")
    };
    let before = system.until_each(SOON, "says why", failed).await;
    // For longer than its lease would last without heartbeats.
    system.until_heard(&["pod-1"], 6).await;
    owner.batch_execute("insert into blob table away").await.expect("brought back");
    assert_eq!(system.until_active(SOON).await, before, "the same lease");
    assert_sound(&system).await;
}

#[tokio::test]
async fn the_command_line_stores_lists_reads_and_deletes() {
    let system = System::start("artifact-cli", 1, 0).await;
    let path = |name: &str| system.folder().join(name).display().to_string();
    std::fs::write(path("one.xml"), "<one/>").expect("written");
    std::fs::write(path("two.xml"), "<two/>").expect("written");
    let ok = async |arguments: &[&str]| {
        let (status, said) = system.cli(arguments).await;
        assert!(status.success(), "{arguments:?}: {said}");
        said
    };
    assert!(ok(&["artifact", "put", "x", &path("one.xml"), "--media-type", "text/xml"]).await.contains("artifact/x created, version 1"));
    assert!(ok(&["artifact", "put", "x", &path("two.xml"), "--if-version", "1"]).await.contains("updated, version 2"));
    assert!(ok(&["artifact", "put", "x", &path("two.xml")]).await.contains("unchanged, version 2"));
    assert!(ok(&["artifact", "put", "x", "--from-version", "1"]).await.contains("updated, version 3"));
    let versions = ok(&["artifact", "list", "x"]).await;
    assert!(versions.contains(&sha256(b"<two/>")) && versions.contains("text/xml"), "{versions}");
    assert!(ok(&["get", "artifacts"]).await.contains("ARTIFACT"));
    ok(&["artifact", "get", "x@2", &path("back.xml")]).await;
    assert_eq!(std::fs::read_to_string(path("back.xml")).expect("a file"), "<two/>");

    let refused = async |arguments: &[&str], why: &str| {
        let (status, said) = system.cli(arguments).await;
        assert!(!status.success() && said.contains(why), "{arguments:?}: {said}");
    };
    refused(&["artifact", "put", "x", &path("one.xml"), "--if-version", "1"], "at version 3, not 1").await;
    refused(&["artifact", "get", "y"], "there is no artifact y").await;
    refused(&["artifact", "put", "x", &path("none.xml")], "cannot read").await;
    assert!(ok(&["artifact", "rm", "x"]).await.contains("artifact/x deleted"));
    assert!(ok(&["get", "artifacts"]).await.contains("there are none"));
}
