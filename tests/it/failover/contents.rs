//! Artifacts and plugins of a drill: stored before the loss, and the same after it, under the programs that pods start.

use std::time::Duration;

use conncentric::domain::event::{Event, SessionLogged};
use conncentric::wire::adapter::AdapterDocument;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::SLACK;
use crate::support::system::{System, document};
use crate::support::wait::{eventually, holds};

const DICTIONARY: &str = "8=BeginString";

const PROGRAM: &str = r#"#!/bin/sh
printf '{"log":{"level":"info","category":"system","message":"it reads %s"}}\n{"status":"ACTIVE"}\n' "$(cat "$CONNCENTRIC_ARTIFACTS/dictionary")"
exec sleep 1000
"#;

/// What was stored, by its SHA-256 in hexadecimal.
pub(super) struct Contents {
    artifact: String,
    plugin: String,
}

impl Contents {
    /// Stores an artifact and installs a plugin. [`adapter`] names both.
    pub(super) async fn store(system: &System) -> Self {
        let (file, package) = (path(system, "dictionary.txt"), path(system, "feed.tar.zst"));
        std::fs::write(&file, DICTIONARY).expect("written");
        std::fs::write(&package, crate::plugins::package(system.folder(), "1.0.0", PROGRAM)).expect("written");
        ok(system, &["artifact", "put", "dictionary", &file]).await;
        ok(system, &["plugin", "install", &package]).await;
        Self { artifact: sha256(&file), plugin: sha256(&package) }
    }

    /// What is stored is what was, byte for byte.
    pub(super) async fn assert_are_back(&self, system: &System) {
        let (artifact, plugin) = (path(system, "dictionary.back"), path(system, "feed.back"));
        ok(system, &["artifact", "get", "dictionary", &artifact]).await;
        ok(system, &["plugin", "get", "feed", &plugin]).await;
        assert_eq!((sha256(&artifact), sha256(&plugin)), (self.artifact.clone(), self.plugin.clone()));
    }

    /// The session has started in the new epoch with the plugin and the artifact, and read it.
    pub(super) async fn until_they_run(&self, system: &System) {
        let expected = [
            format!("plugin feed version 1.0.0 (sha256 {})", self.plugin),
            format!("artifact dictionary version 1 (sha256 {})", self.artifact),
            format!("it reads {DICTIONARY}"),
        ];
        eventually(SLACK, async || {
            let said = said_since_the_loss(system).await;
            holds(expected.iter().all(|text| said.contains(text)), format!("feed/0 said {said:?}, not yet {expected:?}"))
        })
        .await;
    }
}

/// Its session comes first by name, so it is with the pods that a drill does something to.
pub(super) fn adapter(lease_ttl: Duration) -> AdapterDocument {
    AdapterDocument { artifacts: vec!["dictionary".into()], ..document("feed", "feed", lease_ttl, &json!({})) }
}

async fn said_since_the_loss(system: &System) -> Vec<String> {
    let events = system.events().await;
    let since = events.iter().skip_while(|recorded| !matches!(recorded.event, Event::EpochBegan(_)));
    let entry = |event: &Event| match event {
        Event::SessionLogged(SessionLogged { session, message, .. }) if session.adapter.as_str() == "feed" => Some(message.clone()),
        _ => None,
    };
    since.filter_map(|recorded| entry(&recorded.event)).collect()
}

async fn ok(system: &System, arguments: &[&str]) {
    let (status, said) = system.cli(arguments).await;
    assert!(status.success(), "{arguments:?}: {said}");
}

fn path(system: &System, name: &str) -> String {
    system.folder().join(name).display().to_string()
}

fn sha256(file: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(std::fs::read(file).expect("a file")))
}
