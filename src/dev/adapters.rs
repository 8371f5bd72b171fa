//! The demo's adapters: exclusive sessions to the venue, a feed, and workers that share their load.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::{self, Call, Client};
use crate::domain::adapter::LeaseTtl;
use crate::domain::status::{AdminState, OperationalStatus};
use crate::wire::adapter::{AdapterDocument, AdapterView, PutAnswer};
use crate::wire::pod::PodView;

/// A feed as a shell script: says that it is up, tells something every few seconds, ends when asked to or when nobody
/// reads what it writes.
const FEED: &str = include_str!("feed.sh");

#[derive(Debug, Deserialize)]
struct Listed {
    adapters: Vec<AdapterView>,
}

/// What the demo runs, with this lease timeout and against the venue at this address.
pub(super) fn documents(lease_ttl: LeaseTtl, venue: &str) -> Result<Vec<AdapterDocument>, serde_json::Error> {
    let venues = ["a", "b", "c", "d", "e", "f"]
        .map(|letter| json!({ "name": format!("venue-{letter}"), "connector": "tcp", "mode": "exclusive", "settings": to(venue) }));
    let others = [
        json!({ "name": "demo-feed", "connector": "exec", "mode": "exclusive", "settings": { "command": ["/bin/sh", "-c", FEED] } }),
        json!({ "name": "worker", "connector": "tcp", "mode": "load_balanced", "replicas": 3, "settings": to(venue) }),
    ];
    venues
        .into_iter()
        .chain(others)
        .map(|value| Ok(AdapterDocument { lease_ttl, enabled: Some(true), ..serde_json::from_value(value)? }))
        .collect()
}

fn to(venue: &str) -> serde_json::Value {
    json!({ "address": venue, "login": true, "keepalive": "1s" })
}

/// Declares what is missing, and brings lease timeout and venue of the rest up to date. Everything else that people have
/// changed stays. Says how many there were and how many were changed.
pub(super) async fn apply(client: &Client, lease_ttl: LeaseTtl, venue: &str) -> anyhow::Result<(usize, usize)> {
    let stored = list(client).await?;
    let wanted = documents(lease_ttl, venue)?;
    let mut changed = 0;
    for document in &wanted {
        let document = match stored.iter().find(|view| view.document.name == document.name) {
            None => document.clone(),
            Some(view) => match brought_up_to_date(&view.document, document) {
                Some(newer) => newer,
                None => continue,
            },
        };
        put(client, &document).await?;
        changed += 1;
    }
    Ok((wanted.len(), changed))
}

/// `None` if there is nothing to change.
fn brought_up_to_date(stored: &AdapterDocument, wanted: &AdapterDocument) -> Option<AdapterDocument> {
    let mut newer = AdapterDocument { lease_ttl: wanted.lease_ttl, ..stored.clone() };
    if let (Some(address), Some(new)) = (newer.settings.get_mut("address"), wanted.settings.get("address")) {
        address.clone_from(new);
    }
    (newer != *stored).then_some(newer)
}

/// Enabled adapters that are not ACTIVE yet, each with the reason. Empty means ready.
pub(super) async fn not_active(client: &Client) -> anyhow::Result<Vec<String>> {
    let behind = |view: &AdapterView| view.admin_state == AdminState::Enabled && view.status != OperationalStatus::Active;
    let told = |view: &AdapterView| match &view.reason {
        Some(reason) => format!("{} is {} ({reason})", view.document.name, view.status),
        None => format!("{} is {}", view.document.name, view.status),
    };
    Ok(list(client).await?.iter().filter(|view| behind(view)).map(told).collect())
}

/// The names of the pods that are registered.
pub(super) async fn registered_pods(client: &Client) -> Result<Vec<String>, client::Error> {
    #[derive(Deserialize)]
    struct Pods {
        pods: Vec<PodView>,
    }
    let answer = client.call::<(), Pods>(&call(Method::GET, "/v1/pods")).await?;
    Ok(answer.body.pods.into_iter().map(|pod| pod.pod.to_string()).collect())
}

async fn list(client: &Client) -> Result<Vec<AdapterView>, client::Error> {
    let answer = client.call::<(), Listed>(&call(Method::GET, "/v1/adapters")).await?;
    Ok(answer.body.adapters)
}

async fn put(client: &Client, document: &AdapterDocument) -> Result<(), client::Error> {
    let path = format!("/v1/adapters/{}", document.name);
    client.call::<_, PutAnswer>(&Call { body: Some(document), ..call(Method::PUT, &path) }).await?;
    Ok(())
}

/// Putting a document twice does what once does, so every request here may be repeated.
fn call<B>(method: Method, path: &str) -> Call<'_, B> {
    Call { method, path, body: None, headers: &[], timeout: Duration::from_secs(10), repeatable: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_valid() {
        let documents = documents(LeaseTtl::DEFAULT, "127.0.0.1:1").expect("parse");
        assert_eq!(documents.len(), 8);
        for document in documents {
            document.into_spec().expect("valid");
        }
    }

    #[test]
    fn only_timeout_and_venue_are_brought_up_to_date() {
        let old = documents(LeaseTtl::DEFAULT, "127.0.0.1:1").expect("parse").remove(0);
        let mine = AdapterDocument { enabled: Some(false), priority: 7, ..old.clone() };
        assert_eq!(brought_up_to_date(&mine, &old), None);
        let new = documents(LeaseTtl::MIN, "127.0.0.1:2").expect("parse").remove(0);
        let newer = brought_up_to_date(&mine, &new).expect("changed");
        assert_eq!((newer.enabled, newer.priority, newer.lease_ttl), (Some(false), 7, LeaseTtl::MIN));
        assert_eq!(newer.settings["address"], "127.0.0.1:2");
    }

    #[tokio::test]
    async fn the_feed_says_that_it_is_up_and_ends_when_asked_to() {
        use tokio::io::{AsyncBufReadExt, BufReader};
        let mut feed = tokio::process::Command::new("/bin/sh");
        let mut feed = feed.args(["-c", FEED]).stdout(std::process::Stdio::piped()).spawn().expect("starts");
        let mut lines = BufReader::new(feed.stdout.take().expect("piped")).lines();
        assert_eq!(lines.next_line().await.expect("read").as_deref(), Some(r#"{"status":"ACTIVE"}"#));
        let log = lines.next_line().await.expect("read").expect("a line");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&log).expect("JSON")["log"]["level"], "info");
        let pid = rustix::process::Pid::from_raw(feed.id().expect("runs").cast_signed()).expect("not zero");
        crate::dev::process::signal(pid, rustix::process::Signal::TERM);
        let ended = tokio::time::timeout(Duration::from_secs(20), feed.wait()).await.expect("in time").expect("ours");
        assert!(ended.success(), "{ended}");
    }
}
