//! The event stream of a tab: it says when it is broken, and misses nothing meanwhile.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::look;
use crate::support::system::System;

#[tokio::test]
async fn a_stream_that_breaks_is_said_to_be_broken_and_goes_on_without_a_gap() {
    let mut system = System::start("portal_stream", 2, 1).await;
    system.declare(&system.many_to_venue(2, Duration::from_secs(20))).await;
    // The browser is at the first orchestrator; the tests may ask the second.
    let browser = look(&system, "/adapters").await;
    browser.until_column("Status", "ACTIVE twice", |all| all.len() == 2).await;
    system.orchestrator(0).kill().await;
    browser.until_said("[role=status][data-state]", "Reconnecting").await;
    // What was known is still shown.
    assert_eq!(browser.column("Name").await, ["venue-a", "venue-b"]);
    let all = json!({ "names": ["venue-a"] });
    let _: Value = system.call(Method::POST, "/v1/adapters/disable", Some(&all)).await.expect("disabled");

    system.orchestrator(0).start_again();
    browser.until_said("[role=status][data-state]", "Live").await;
    browser
        .until_column("Status", "INACTIVE and ACTIVE", |all| all.len() == 2 && all[0].contains("INACTIVE") && !all[1].contains("INACTIVE"))
        .await;
    browser.close().await;
}
