//! What is different between two moments, and when each pod was heard.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::look;
use crate::support::system::System;

const TTL: Duration = Duration::from_secs(2);

async fn newest_position(system: &System) -> i64 {
    let page: Value = system.call::<(), _>(Method::GET, "/v1/events?order=desc&limit=1&pulses=false", None).await.expect("a page");
    page["events"][0]["position"].as_i64().expect("a position")
}

#[tokio::test]
async fn what_changed_between_two_moments_is_listed_and_goes_on_changing() {
    let mut system = System::start("portal_changes", 1, 2).await;
    let owners = system.declare(&system.many_to_venue(2, TTL)).await;
    let victim = owners.values().next().expect("an owner").pod().to_owned();
    let before = newest_position(&system).await.to_string();
    let browser = look(&system, "/adapters").await;
    browser.press("As of: now").await;
    browser.type_into("or at this position of the log", "<i>x</i>").await;
    browser.press("What changed since").await;
    browser.until_said("dialog [role=alert]", "A position is a whole number.").await;
    browser.type_into("or at this position of the log", &before).await;
    browser.press("What changed since").await;
    browser.until_said("main", "Nothing is different.").await;

    // It is compared with now, so what happens now is seen.
    system.pod(&victim).kill().await;
    system.until_off(Duration::from_secs(30), &victim).await;
    let down = json!({ "names": ["venue-b"], "reason": "<b>new</b> switches" });
    let _: Value = system.call(Method::POST, "/v1/adapters/disable", Some(&down)).await.expect("disabled");
    let what = async || browser.column("What").await;
    browser
        .until_column("What", "owner, status and administrative state", |all| {
            ["owner", "status", "administrative state"].iter().all(|kind| all.iter().any(|what| what == kind))
        })
        .await;
    browser
        .until_column("Now", "INACTIVE, and the markup as text", |all| {
            all.iter().any(|now| now.contains("INACTIVE: ") && now.contains("<b>new</b>"))
        })
        .await;
    browser.choose("What", "owner").await;
    browser.until_column("What", "owners alone", |all| !all.is_empty() && all.iter().all(|what| what == "owner")).await;
    let then = browser.column(&format!("At position {before}")).await;
    assert!(then.contains(&victim), "{then:?}: {:?}", what().await);
    browser.type_into("Search", "<img src=x>").await;
    browser.until_said("main", "No change is like that.").await;

    // Both moments are in the address: whoever gets the link sees the same for ever.
    let after = newest_position(&system).await;
    browser.go(&format!("/changes?since={before}&at={after}")).await;
    browser.until_said(".page-head", &format!("from position {before} to position {after}")).await;
    browser.until_column("What", "the same", |all| all.iter().any(|what| what == "administrative state")).await;
    browser.go("/changes?since=999999999").await;
    browser.until_said("[role=alert]", "999999999").await;
    browser.close().await;
}

#[tokio::test]
async fn each_pod_shows_how_punctual_its_heartbeats_are_also_in_the_past() {
    let mut system = System::start("portal_heartbeats", 1, 2).await;
    system.declare(&system.many_to_venue(1, TTL)).await;
    system.until_heard(&["pod-1", "pod-2"], 4).await;
    let browser = look(&system, "/pods").await;
    for pod in ["pod-1", "pod-2"] {
        let card = format!("section[aria-label={pod}] dd.heartbeats");
        browser.until_said(&card, "due every ").await;
        let bars = browser.run(&format!("return document.querySelectorAll('{card} rect').length"), vec![]).await;
        assert!(bars.as_i64().is_some_and(|bars| bars >= 3), "{bars}");
    }
    let position = newest_position(&system).await;
    system.pod("pod-1").kill().await;
    // Silent for as long as a lease, and then lost: who looks late sees it no more.
    let over = |cards: &[String]| cards.iter().all(|card| card.contains("SILENT"));
    browser.until("section[aria-label=pod-1]", "silent, or gone", over).await;
    browser.go(&format!("/pods?at={position}")).await;
    browser.until_said("section[aria-label=pod-1] dd.heartbeats", "due every ").await;
    browser.close().await;
}
