//! Text of others stays text, wherever it is shown and wherever it is typed.

use std::time::Duration;

use conncentric::domain::identity::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{look_as, make_token};
use crate::support::browser::Browser;
use crate::support::system::{System, document};

const IMAGE: &str = "<img src=x onerror=alert(1)>";
const SCRIPT: &str = "</code><script>alert(2)</script>";

/// Nothing of it has become an element, and no script of it has run: an open dialog would fail any request to the browser.
async fn is_only_text(browser: &Browser) {
    let script = "return document.querySelectorAll('img, script:not([src]), [onerror], iframe, b').length";
    assert_eq!(browser.run(script, vec![]).await, 0, "a text became markup");
}

#[tokio::test]
async fn markup_in_any_text_is_shown_as_it_was_written() {
    let system = System::start("portal_markup", 1, 1).await;
    // A connector that says it, in its log and as the reason of its status.
    let says = format!(
        "printf '%s\\n' '{}' '{}'; sleep 1000",
        json!({ "log": { "level": "warning", "category": "connection", "message": IMAGE } }),
        json!({ "status": "ERROR", "reason": SCRIPT })
    );
    let settings = json!({ "command": ["sh", "-c", says], "env": { "NOTE": IMAGE } });
    let mut declared = document("loud", "exec", Duration::from_secs(20), &settings);
    declared.enabled = Some(true);
    let _: Value = system.call(Method::PUT, "/v1/adapters/loud", Some(&declared)).await.expect("declared");
    let token = make_token(&system, Role::Admin, IMAGE).await;
    let browser = look_as(&system, &token.token, "/adapters").await;
    browser.until_said("header", IMAGE).await;
    browser.until_column("Reason", "what the connector says", |all| all.len() == 1 && all[0].contains(SCRIPT)).await;
    is_only_text(&browser).await;

    // In the fields that people fill.
    browser.type_into("Search", IMAGE).await;
    browser.until_said("main", "No adapter matches.").await;
    browser.press("Clear the filters").await;
    browser.check("Select loud").await;
    browser.press("Disable").await;
    browser.type_into("Reason (kept in the log)", SCRIPT).await;
    browser.press("Disable").await;
    browser.until_said(".operation[data-done=true]", "1 of 1 closed").await;
    is_only_text(&browser).await;

    browser.go("/adapters/loud").await;
    browser.until_said("table.log", IMAGE).await;
    browser.until_said("pre.yaml", IMAGE).await;
    is_only_text(&browser).await;

    browser.go("/events?type=AdapterDisabled").await;
    browser.until_said("table.events", SCRIPT).await;
    browser.press("AdapterDisabled").await;
    browser.until_said(".detail", SCRIPT).await;
    browser.type_into("Session", IMAGE).await;
    browser.until_said("main", "session").await;
    is_only_text(&browser).await;
    browser.go(&format!("/?at={SCRIPT}")).await;
    browser.until_said("[role=alert]", "time").await;
    is_only_text(&browser).await;
    browser.close().await;
}
