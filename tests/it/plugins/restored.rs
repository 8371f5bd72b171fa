//! Everything is in the database: what a dump brings into an empty cluster is shown and runs as it did before.

use std::sync::Arc;
use std::time::Duration;

use conncentric::audit::verify::{Meter, verify_database};
use conncentric::domain::event::{Event, SessionLogged};
use conncentric::wire::adapter::{AdapterDocument, PutAnswer};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::feed;
use crate::support::api::http_client;
use crate::support::backup::{dump, restore};
use crate::support::postgres::{Database, Guarded};
use crate::support::sound::assert_sound;
use crate::support::system::{System, document};
use crate::support::wait::{SOON, eventually, holds};

const CONTENT: &str = "8 BeginString";

/// What the pages of adapters, artifacts and plugins are made of, but for what changes from moment to moment.
async fn shown(system: &System) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["/v1/adapters", "/v1/adapters/ticker/revisions", "/v1/artifacts", "/v1/plugins", "/v1/connectors"] {
        let mut answer: Value = system.call::<(), _>(Method::GET, path, None).await.expect(path);
        for adapter in answer["adapters"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            adapter.retain(|name, _| !matches!(name.as_str(), "status" | "reason" | "pending_restart"));
        }
        all.push(answer);
    }
    all
}

/// The hash of a file as it is given out.
async fn downloaded(system: &System, path: &str) -> Vec<u8> {
    let request = http_client().get(system.urls()[0].join(path).expect("a path")).bearer_auth(system.token());
    let bytes = request.send().await.expect("an answer").error_for_status().expect(path).bytes().await.expect("all of it");
    Sha256::digest(&bytes).to_vec()
}

async fn put(system: &System, path: &str, body: impl Into<reqwest::Body>) {
    let request = http_client().put(system.urls()[0].join(path).expect("a path")).bearer_auth(system.token());
    let answer = request.body(body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap_or_default());
}

/// Waits until a session of this incarnation of the system has said what it runs and what it reads.
async fn until_started(system: &System, times: usize) {
    eventually(SOON, async || {
        let logged: Vec<SessionLogged> =
            system.events_of(|event| if let Event::SessionLogged(entry) = event { Some(entry) } else { None }).await;
        let said = |start: &str| logged.iter().filter(|entry| entry.message.starts_with(start)).count();
        let both = said("plugin feed version 1.0.0 (sha256 ") == times && said("artifact dictionary version 2 (sha256 ") == times;
        holds(both, format!("{logged:?}"))
    })
    .await;
}

#[tokio::test]
async fn a_dump_holds_adapters_artifacts_and_plugins_and_pods_run_them() {
    let (first, file) = (Guarded::start().await, tempfile::NamedTempFile::new().expect("a file"));
    let mut system = System::start_on(Database::create_in(&first, "kept").await, 1).await;
    let urls = system.urls();
    system.add_pod("pod-1", &urls).await;
    let package = feed(system.folder(), "1.0.0");
    put(&system, "/v1/plugins/feed", package.clone()).await;
    put(&system, "/v1/artifacts/dictionary", "an older one").await;
    put(&system, "/v1/artifacts/dictionary", CONTENT).await;
    let ttl = Duration::from_secs(3);
    let ticker =
        |port: u16| AdapterDocument { artifacts: vec!["dictionary".into()], ..document("ticker", "feed", ttl, &json!({ "port": port })) };
    let _: PutAnswer = system.call(Method::PUT, "/v1/adapters/ticker", Some(&ticker(6))).await.expect("declared");
    system.declare(&[ticker(7), system.to_venue("venue-a", ttl)]).await;
    until_started(&system, 1).await;
    system.pod("pod-1").kill().await;
    let before = shown(&system).await;
    dump(&first, &system.database, file.path()).await;
    system.orchestrator(0).kill().await;
    first.end();

    let second = Guarded::start().await;
    system.move_to(restore(&second, "kept", file.path()).await);
    system.orchestrator(0).line_with("following the log").await;
    assert_eq!(shown(&system).await, before);
    assert_eq!(downloaded(&system, "/v1/artifacts/dictionary/content").await, Sha256::digest(CONTENT).to_vec());
    assert_eq!(downloaded(&system, "/v1/artifacts/dictionary/content?version=1").await, Sha256::digest("an older one").to_vec());
    assert_eq!(downloaded(&system, "/v1/plugins/feed/content").await, Sha256::digest(&package).to_vec());
    // A new machine: nothing is in its cache.
    std::fs::remove_dir_all(system.folder().join("pod-1.data")).expect("removed");
    system.pod("pod-1").start_again();
    system.until_active(SOON).await;
    until_started(&system, 2).await;
    let report = verify_database(&system.database.url, true, &Arc::new(Meter::default())).await.expect("verifies");
    assert_eq!(report.differences().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    assert_sound(&system).await;
    drop(system);
    second.end();
}
