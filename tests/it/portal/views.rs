//! Saved views of the list of adapters, and what is done to many sessions at once.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::look;
use crate::support::system::System;

const TTL: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_filter_is_saved_under_a_name_and_shown_again_and_forgotten() {
    let system = System::start("portal_views", 1, 1).await;
    let mut documents = system.many_to_venue(2, TTL);
    documents.push(system.to_venue("other", TTL));
    system.declare(&documents).await;
    let browser = look(&system, "/adapters").await;
    browser.type_into("Search", "venue").await;
    browser.until_column("Name", "the venues", |names| names == ["venue-a", "venue-b"]).await;
    browser.press("Save this view").await;
    browser.type_into("Name of the view", "<b>night</b>").await;
    browser.press("Save").await;
    browser.until_said(".views", "<b>night</b>").await;
    assert!(!browser.texts("button").await.iter().any(|name| name == "Save this view"), "it is saved already");

    // It is there for the next visit, on another page of the same browser.
    browser.go("/adapters?at=").await;
    browser.until_column("Name", "all", |names| names.len() == 3).await;
    browser.press("<b>night</b>").await;
    browser.until_column("Name", "the venues", |names| names == ["venue-a", "venue-b"]).await;
    let pressed = browser.texts(".views button[aria-pressed=true]").await;
    assert_eq!(pressed, ["<b>night</b>"]);
    let query = browser.client.current_url().await.expect("an address").query().map(str::to_owned);
    assert!(query.as_deref().is_some_and(|query| query.contains("q=venue")), "{query:?}");

    browser.press("Forget the view <b>night</b>").await;
    browser.until_said(".views", "Save this view").await;
    browser.go("/adapters").await;
    browser.until_column("Name", "all", |names| names.len() == 3).await;
    assert_eq!(browser.texts(".views").await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test]
async fn many_sessions_are_moved_to_one_pod_and_refusals_say_why() {
    let system = System::start("portal_move_many", 1, 2).await;
    let owners = system.declare(&system.many_to_venue(4, TTL)).await;
    let there = owners.values().filter(|owner| owner.pod() == "pod-2").count();
    assert_eq!(there, 2, "placed evenly");
    let browser = look(&system, "/adapters").await;
    browser.until_column("Owner", "both", |owners| owners.len() == 4 && owners.iter().all(|owner| owner.starts_with("pod-"))).await;
    browser.check("Select all 4").await;
    browser.press("Move").await;
    browser.until_said("dialog h2", "Move 4 sessions?").await;
    browser.choose("To", "pod-2").await;
    browser.until_said("dialog", "2 sessions of them are there already.").await;
    browser.press("Move").await;
    browser.until_said(".operation[data-done=true]", "2 of 2 moved to pod-2").await;
    browser.until_column("Owner", "pod-2 four times", |owners| owners == ["pod-2"; 4]).await;

    // A pod that takes none says so for each.
    let _: Value = system.call(Method::POST, "/v1/pods/pod-1/drain", Some(&json!({}))).await.expect("drained");
    browser.press("Dismiss: 2 of 2 moved to pod-2").await;
    browser.check("Select venue-a").await;
    browser.check("Select venue-b").await;
    browser.press("Move").await;
    browser.choose("To", "pod-1").await;
    browser.press("Move").await;
    browser.until_said("dialog [role=alert]", "Nothing was moved.").await;
    browser.until("dialog li", "both, with a reason", |said| said.len() == 2 && said.iter().all(|said| said.contains("draining"))).await;
    browser.press("Close").await;
    browser.until("dialog, .operation", "nothing is on its way", <[String]>::is_empty).await;
    browser.close().await;
}
