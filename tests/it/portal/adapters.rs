//! The page of adapters: what an operator finds, chooses and does there, and what it shows without being asked.

use std::time::Duration;

use super::look;
use crate::support::system::System;

const TTL: Duration = Duration::from_secs(2);

#[tokio::test]
async fn an_operator_filters_selects_all_disables_and_enables() {
    let system = System::start("portal_disable", 2, 2).await;
    let mut documents = system.many_to_venue(4, TTL);
    documents.push(system.to_venue("other", TTL));
    system.declare(&documents).await;
    let browser = look(&system, "/adapters").await;
    browser.until_column("Status", "ACTIVE five times", |all| all.len() == 5 && all.iter().all(|status| status.contains("ACTIVE"))).await;

    browser.type_into("Search", "venue").await;
    browser.until_column("Name", "the four venues", |names| names == ["venue-a", "venue-b", "venue-c", "venue-d"]).await;
    let address = browser.client.current_url().await.expect("an address");
    assert_eq!(address.query(), Some("q=venue"), "the filter is in the address");

    browser.check("Select all 4").await;
    browser.until_said("main", "4 selected").await;
    browser.press("Disable").await;
    browser.until_said("dialog h2", "Disable 4 adapters?").await;
    browser.type_into("Reason (kept in the log)", "new switches").await;
    browser.press("Disable").await;
    browser
        .until_column("Status", "INACTIVE four times", |all| all.len() == 4 && all.iter().all(|status| status.contains("INACTIVE")))
        .await;
    browser.until_said(".operation[data-done=true]", "4 of 4 closed").await;
    browser.press("Dismiss: 4 of 4 closed").await;

    browser.check("Select all 4").await;
    browser.press("Enable").await;
    browser.until_said("dialog h2", "Enable 4 adapters?").await;
    browser.press("Enable").await;
    browser
        .until_column("Status", "ACTIVE four times", |all| {
            all.len() == 4 && all.iter().all(|status| status.ends_with("ACTIVE") && !status.contains("INACTIVE"))
        })
        .await;
    browser.until_said(".operation[data-done=true]", "4 of 4 active").await;

    // A filter that is in the address is there for whoever gets the link.
    browser.go("/adapters?q=other").await;
    browser.until_column("Name", "the other one", |names| names == ["other"]).await;
    browser.close().await;
}

#[tokio::test]
async fn a_takeover_is_seen_and_said_without_a_reload() {
    let mut system = System::start("portal_takeover", 2, 2).await;
    system.declare(&system.many_to_venue(2, TTL)).await;
    let browser = look(&system, "/adapters").await;
    browser.until_column("Owner", "both pods", |owners| owners.contains(&"pod-1".to_owned()) && owners.contains(&"pod-2".to_owned())).await;
    browser.run("window.neverReloaded = true", vec![]).await;

    system.pod("pod-1").kill().await;
    browser.until_column("Owner", "pod-2 twice", |owners| owners == ["pod-2", "pod-2"]).await;
    browser.until_said("[data-testid=announcer]", "pod-2 has taken over").await;
    assert_eq!(browser.run("return window.neverReloaded", vec![]).await, true, "the page was loaded once");
    browser.close().await;
}
