//! The page of maintenance: adapters are taken down, and exactly those brought back.

use std::time::Duration;

use super::look;
use crate::support::system::System;

#[tokio::test]
async fn a_maintenance_takes_down_what_was_filtered_and_brings_exactly_that_back() {
    let system = System::start("portal_maintenance", 1, 2).await;
    let mut documents = system.many_to_venue(3, Duration::from_secs(20));
    documents.push(system.to_venue("other", Duration::from_secs(20)));
    system.declare(&documents).await;
    let browser = look(&system, "/maintenance").await;
    browser.until_said("main", "No maintenance is under way.").await;
    browser.type_into("Search", "venue").await;
    browser.press("Begin with 3 adapters").await;
    browser.type_into("Reason (kept in the log)", "new switches").await;
    browser.press("Begin").await;
    browser.until_said("section[aria-label='Under way']", "3 of 3 closed: the work can begin.").await;
    browser.press("Overview").await;
    browser.until_said(".counts", "3").await;

    browser.press("Maintenance").await;
    browser.press("End the maintenance").await;
    browser.press("Enable them").await;
    browser.until_said("main", "No maintenance is under way.").await;
    browser.press("Adapters").await;
    browser
        .until_column("Status", "ACTIVE four times", |all| {
            all.len() == 4 && all.iter().all(|status| !status.contains("INACTIVE") && status.contains("ACTIVE"))
        })
        .await;
    browser.close().await;
}
