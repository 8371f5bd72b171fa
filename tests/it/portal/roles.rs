//! Who may do what: what a role may not do is not offered, and who has no token sees nothing.

use std::time::Duration;

use conncentric::domain::identity::Role;
use reqwest::Method;

use super::{look_as, make_token};
use crate::support::browser::Browser;
use crate::support::system::System;

#[tokio::test]
async fn a_viewer_is_offered_nothing_and_an_operator_no_settings() {
    let system = System::start("portal_roles", 1, 1).await;
    system.declare(&system.many_to_venue(1, Duration::from_secs(20))).await;
    let viewer = make_token(&system, Role::Viewer, "victor").await;
    let browser = look_as(&system, &viewer.token, "/adapters").await;
    browser.until_column("Status", "ACTIVE", |all| all.len() == 1 && all[0].contains("ACTIVE")).await;
    browser.until_said("header", "victor (viewer)").await;
    for path in ["/adapters", "/adapters/venue-a", "/pods", "/maintenance"] {
        browser.go(path).await;
        browser
            .until_said(
                "main",
                if path == "/maintenance" {
                    "No maintenance"
                } else if path == "/pods" {
                    "pod-1"
                } else {
                    "venue-a"
                },
            )
            .await;
        let offered = browser.texts("main button, main input[type=checkbox]").await;
        let changes = ["Enable", "Disable", "Move", "Edit", "Drain pod-1", "Begin"];
        assert!(!offered.iter().any(|name| changes.iter().any(|change| name.starts_with(change))), "{path}: {offered:?}");
    }

    // A revoked token ends the visit at once, without a reload.
    let _: Result<(), _> = system.call::<(), ()>(Method::DELETE, &format!("/v1/tokens/{}", viewer.id), None).await;
    browser.until_said("form", "Access token").await;
    browser.until_said("[role=alert]", "not known").await;
    browser.close().await;

    let operator = make_token(&system, Role::Operator, "olga").await;
    let browser = look_as(&system, &operator.token, "/adapters/venue-a").await;
    browser.until_said("pre.yaml", "name: venue-a").await;
    let offered = browser.texts("main button").await;
    assert!(offered.contains(&"Disable".to_owned()) && !offered.contains(&"Edit".to_owned()), "{offered:?}");
    browser.close().await;
}

#[tokio::test]
async fn nobody_signs_in_with_a_wrong_token_or_that_of_a_pod() {
    let system = System::start("portal_sign_in", 1, 0).await;
    let pod = make_token(&system, Role::Pod, "any pod").await;
    let browser = Browser::open(&system.urls()[0], system.folder(), (1400, 900)).await;
    browser.go("/adapters").await;
    for (token, reason) in [("nonsense", "token"), ("<b>x</b>", "token"), (pod.token.as_str(), "is a pod's")] {
        browser.type_into("Access token", token).await;
        browser.press("Sign in").await;
        browser.until_said("[role=alert]", reason).await;
    }
    browser.close().await;
}
