//! Time travel: every page as it was, and nothing that can be changed from there.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::look;
use crate::support::system::System;

#[tokio::test]
async fn every_page_goes_back_in_time_and_changes_nothing_there() {
    let system = System::start("portal_travel", 1, 2).await;
    system.declare(&system.many_to_venue(2, Duration::from_secs(20))).await;
    let page: Value = system.call::<(), _>(Method::GET, "/v1/events?order=desc&limit=1&pulses=false", None).await.expect("a page");
    let before = page["events"][0]["position"].as_i64().expect("a position").to_string();
    let all = json!({ "all": true });
    let _: Value = system.call(Method::POST, "/v1/adapters/disable", Some(&all)).await.expect("disabled");
    let browser = look(&system, "/adapters").await;
    browser.until_column("Status", "INACTIVE twice", |all| all.len() == 2 && all.iter().all(|status| status.contains("INACTIVE"))).await;
    browser.until_said("main", "Select adapters to").await;

    browser.press("As of: now").await;
    browser.type_into("or at this position of the log", &before).await;
    browser.press("Go there").await;
    browser.until_said(".past-banner", &format!("position {before}")).await;
    browser.until_column("Status", "ACTIVE twice", |all| all.len() == 2 && all.iter().all(|status| !status.contains("INACTIVE"))).await;
    let address = browser.client.current_url().await.expect("an address");
    assert_eq!(address.query(), Some(format!("at={before}").as_str()));
    assert!(!browser.texts("button").await.iter().any(|name| name == "Disable"), "nothing is offered in the past");

    // The moment goes along to other pages, and to whoever gets the link.
    browser.press("Pods").await;
    browser.until_said("section[aria-label=pod-1] dl", "venue-").await;
    assert!(!browser.texts("button").await.iter().any(|name| name.starts_with("Drain")), "nothing is offered in the past");
    browser.press("Events").await;
    browser
        .until("table.events", "no later event", |said| {
            said.len() == 1 && said[0].contains(&before) && !said[0].contains("AdapterDisabled")
        })
        .await;
    browser.go("/adapters/venue-a?at=999999999").await;
    browser.until_said("[role=alert]", "999999999").await;

    browser.press("Back to now").await;
    browser.until_said(".page-head", "INACTIVE").await;
    browser.close().await;
}
