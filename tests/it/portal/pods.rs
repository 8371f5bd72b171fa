//! The page of pods: what they hold, and emptying one.

use std::time::Duration;

use super::look;
use crate::support::system::System;

#[tokio::test]
async fn a_pod_is_drained_after_a_preview_and_undrained() {
    let system = System::start("portal_drain", 1, 2).await;
    system.declare(&system.many_to_venue(4, Duration::from_secs(20))).await;
    let browser = look(&system, "/pods").await;
    browser.until_said("section[aria-label=pod-1]", "READY").await;
    browser.press("Drain pod-1").await;
    browser.until_said("dialog .preview", "pod-2").await;
    browser.type_into("Reason (kept in the log)", "node upgrade").await;
    browser.press("Drain").await;
    browser.until_said(".operation[data-done=true]", "handed over by pod-1").await;
    browser.until_said("section[aria-label=pod-1]", "DRAINING").await;
    browser.until("section[aria-label=pod-2] dd.sessions", "all four", |said| said[0].matches("venue-").count() == 4).await;

    browser.press("Undrain pod-1").await;
    browser.until_said("section[aria-label=pod-1]", "READY").await;
    browser.close().await;
}
