//! The page of one adapter: its timeline of owners, its event log, its settings, moving its session.

use std::time::Duration;

use fantoccini::Locator;

use super::look;
use crate::support::system::System;
use crate::support::wait::{SOON, eventually, holds};

const TTL: Duration = Duration::from_secs(2);

#[tokio::test]
async fn the_timeline_shows_a_takeover_and_leads_to_its_event() {
    let mut system = System::start("portal_timeline", 1, 2).await;
    let owners = system.declare(&system.many_to_venue(1, TTL)).await;
    let (first, second) = if owners.values().next().expect("an owner").pod() == "pod-1" { ("pod-1", "pod-2") } else { ("pod-2", "pod-1") };
    let browser = look(&system, "/adapters/venue-a").await;
    let bars = async || {
        let script = "return [...document.querySelectorAll('svg.timeline a')].map(bar => bar.getAttribute('aria-label'))";
        serde_json::from_value::<Vec<String>>(browser.run(script, vec![]).await).expect("texts")
    };
    eventually(SOON, async || {
        let bars = bars().await;
        holds(bars.len() == 1 && bars[0].starts_with(first) && bars[0].contains("still owns it"), format!("{bars:?}"))
    })
    .await;

    system.pod(first).kill().await;
    eventually(SOON, async || {
        let bars = bars().await;
        let taken = bars.len() == 2 && bars[0].contains("expired") && bars[1].starts_with(&format!("{second}: takeover"));
        holds(taken, format!("{bars:?}"))
    })
    .await;
    browser.until_said("table.log", &format!("Session claimed by {second} (takeover)")).await;

    let bar = browser.client.find(Locator::Css("svg.timeline a[aria-label*='takeover']")).await.expect("the bar");
    bar.click().await.expect("leads somewhere");
    browser.until_said("table.events .detail", "\"kind\": \"takeover\"").await;
    let address = browser.client.current_url().await.expect("an address");
    assert!(
        address.path() == "/events" && address.query().is_some_and(|query| query.contains("session=venue-a%2F0&position=")),
        "{address}"
    );
    browser.close().await;
}

#[tokio::test]
async fn a_session_is_moved_to_a_pod_that_was_chosen() {
    let system = System::start("portal_move", 1, 2).await;
    let owners = system.declare(&system.many_to_venue(1, Duration::from_secs(20))).await;
    let other = if owners.values().next().expect("an owner").pod() == "pod-1" { "pod-2" } else { "pod-1" };
    let browser = look(&system, "/adapters/venue-a").await;
    browser.press("Move venue-a/0").await;
    browser.until_said("dialog h2", "Move venue-a/0?").await;
    browser.choose("To", other).await;
    browser.press("Move").await;
    browser.until_said(".operation[data-done=true]", &format!("venue-a/0 runs on {other}")).await;
    browser.until_said("section[aria-label=Sessions] .facts", other).await;
    browser.close().await;
}
