//! The page of plugins: the tutorial plugin is installed there, an adapter runs with it, and it is removed when nobody uses it.

use std::path::Path;
use std::time::Duration;

use conncentric::domain::identity::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{look, look_as, make_token};
use crate::support::system::{System, document};

#[tokio::test]
async fn the_tutorial_plugin_is_installed_in_the_browser_and_an_adapter_runs_with_it() {
    let system = System::start("portal_plugins", 1, 1).await;
    let ticker = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plugins/ticker");
    let package = system.folder().join("ticker-1.0.0.tar.zst");
    let (status, said) = system.cli(&["plugin", "pack", &ticker.display().to_string(), "--file", &package.display().to_string()]).await;
    assert!(status.success(), "{said}");
    let broken = system.folder().join("broken.tar.zst");
    std::fs::write(&broken, "no archive").expect("written");

    let browser = look(&system, "/plugins").await;
    browser.until_said("main", "No plugin is installed.").await;
    browser.press("Install").await;
    browser.give_file("File", &broken).await;
    browser.press("Install").await;
    browser.until("dialog [role=alert]", "why not", |said| said.iter().any(|said| !said.is_empty())).await;
    browser.press("Cancel").await;
    browser.press("Install").await;
    browser.give_file("File", &package).await;
    browser.press("Install").await;
    browser.until_said("section[aria-label=ticker]", "1.0.0").await;
    browser.until_said("section[aria-label=ticker]", "Apache-2.0").await;

    let settings = json!({ "file": system.folder().join("clock.txt").display().to_string() });
    let mut clock = document("clock", "ticker", Duration::from_secs(20), &settings);
    clock.enabled = Some(true);
    system.declare(&[clock]).await;
    browser.until_said("section[aria-label=ticker]", "clock").await;
    browser.press("Remove ticker").await;
    browser.press("Remove").await;
    browser.until_said("dialog [role=alert]", "clock").await;
    browser.press("Cancel").await;

    // Its settings have a form of their own.
    browser.press("clock").await;
    browser.press("Edit").await;
    browser.until_said(".schema-form", "Settings of connector ticker").await;
    browser.until_said(".schema-form", "Seconds between two lines").await;
    browser.press("Cancel").await;

    let names = json!({ "names": ["clock"] });
    let _: Value = system.call(Method::POST, "/v1/adapters/disable", Some(&names)).await.expect("disabled");
    browser.until_said(".page-head", "INACTIVE").await;
    let _: Result<(), _> = system.call::<(), ()>(Method::DELETE, "/v1/adapters/clock", None).await;
    browser.press("Plugins").await;
    browser.until_said("section[aria-label=ticker]", "nobody").await;
    browser.press("Remove ticker").await;
    browser.press("Remove").await;
    browser.until_said("main", "No plugin is installed.").await;
    browser.close().await;

    let operator = make_token(&system, Role::Operator, "olga").await;
    let browser = look_as(&system, &operator.token, "/plugins").await;
    browser.until_said("main", "No plugin is installed.").await;
    assert!(!browser.texts("main button").await.contains(&"Install".to_owned()), "offered to an operator");
    browser.close().await;
}
