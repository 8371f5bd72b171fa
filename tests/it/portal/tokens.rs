//! The page of access tokens: made, shown once, revoked, and for administrators only.

use conncentric::domain::identity::Role;
use reqwest::Method;
use serde_json::Value;

use super::{look, look_as, make_token};
use crate::support::browser::Browser;
use crate::support::system::System;

const MARKUP: &str = "<img src=x onerror=alert(1)>";

#[tokio::test]
async fn an_access_token_is_made_shown_once_used_and_revoked() {
    let system = System::start("portal_tokens", 1, 1).await;
    let browser = look(&system, "/access-tokens").await;
    browser.until_column("Name", "those that there are", |names| names.iter().any(|name| name.contains("yours"))).await;
    browser.press("Create an access token").await;
    browser.type_into("Name", MARKUP).await;
    browser.choose("Role", "operator").await;
    browser.press("Create").await;
    browser.until_said("dialog h2", "Copy it now").await;
    let shown = browser.texts("dialog code").await;
    let secret = shown.first().expect("the token").clone();
    assert!(secret.starts_with("cct_"), "{secret}");
    browser.press("Done").await;
    browser.until_column("Name", "the new one, as text", |names| names.iter().any(|name| name == MARKUP)).await;
    let kept = browser.run("return document.documentElement.outerHTML.includes(arguments[0])", vec![secret.clone().into()]).await;
    assert_eq!(kept, false, "it is shown once");
    assert_eq!(browser.run("return document.querySelectorAll('img').length", vec![]).await, 0);

    // It opens the Portal, until it is revoked.
    let operator = look_as(&system, &secret, "/adapters").await;
    operator.until_said("header", "(operator)").await;
    browser.press(&format!("Revoke {MARKUP}")).await;
    browser.until_said("dialog", "It opens nothing from then on").await;
    browser.press("Revoke").await;
    browser.until_column("Name", "without it", |names| !names.iter().any(|name| name == MARKUP)).await;
    operator.until_said("form", "Access token").await;
    operator.close().await;

    // The page hears of what is made elsewhere, and of a pod's token it says what becomes of the pod.
    make_token(&system, Role::Viewer, "victor").await;
    browser.until_column("Name", "the viewer", |names| names.iter().any(|name| name == "victor")).await;
    browser.press("Revoke pod-1").await;
    browser.until_said("dialog", "cannot renew its leases").await;
    browser.press("Cancel").await;
    browser.press("Create an access token").await;
    browser.type_into("Name", "bound").await;
    browser.choose("Role", "pod").await;
    browser.type_into("Pod (left empty: it may register any name)", "Not A Name").await;
    browser.press("Create").await;
    browser.until_said("dialog [role=alert]", "pod").await;
    browser.type_into("Pod (left empty: it may register any name)", "pod-9").await;
    browser.press("Create").await;
    browser.press("Done").await;
    browser.until_column("Bound to pod", "the pod", |pods| pods.iter().any(|pod| pod == "pod-9")).await;
    browser.close().await;
}

#[tokio::test]
async fn access_tokens_are_the_affair_of_administrators() {
    let system = System::start("portal_tokens_roles", 1, 0).await;
    let operator = make_token(&system, Role::Operator, "olga").await;
    let browser = look_as(&system, &operator.token, "/").await;
    browser.until_said("header", "olga (operator)").await;
    assert!(!browser.texts("header nav a").await.contains(&"Access tokens".to_owned()), "offered to an operator");
    browser.go("/access-tokens").await;
    browser.until_said("[role=alert]", "role admin").await;
    browser.close().await;

    // An administrator may also end the own visit.
    let admin = make_token(&system, Role::Admin, "alice").await;
    let browser: Browser = look_as(&system, &admin.token, "/access-tokens").await;
    browser.press("Revoke alice").await;
    browser.until_said("dialog", "your visit ends with it").await;
    browser.press("Revoke").await;
    browser.until_said("form", "Access token").await;
    let tokens: Value = system.call::<(), _>(Method::GET, "/v1/tokens", None).await.expect("tokens");
    assert!(!tokens.to_string().contains("alice"), "{tokens}");
    browser.close().await;
}
