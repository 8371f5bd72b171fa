//! What is sent to running sessions from the page of their adapter: restarts, and actions with their parameters.

use std::time::Duration;

use serde_json::json;

use super::look;
use crate::support::system::{System, document};

/// A program that says of each action that it has done it, in words that are markup elsewhere.
const PROGRAM: &str = r#"
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":"\([0-9]*\)".*/\1/p')
    printf '{"action":{"id":"%s","state":"done","message":"<b>done</b>"}}\n' "$id"
done
"#;

#[tokio::test]
async fn an_action_is_sent_with_its_parameters_and_its_outcome_is_seen() {
    let system = System::start("portal_actions", 1, 1).await;
    let parameters = json!({ "type": "object", "required": ["next"], "additionalProperties": false,
        "properties": { "next": { "type": "integer", "minimum": 1, "title": "Next number" } } });
    let settings = json!({ "command": ["sh", "-c", PROGRAM], "actions": [{ "name": "set-number", "description": "Sets it.", "parameters_schema": parameters }] });
    let mut declared = document("doer", "exec", Duration::from_secs(20), &settings);
    declared.enabled = Some(true);
    system.declare(&[declared]).await;
    let browser = look(&system, "/adapters/doer").await;
    browser.press("Send an action to doer/0").await;
    browser.until_said("dialog h2", "Send an action to doer/0").await;
    browser.choose("Action", "set-number").await;
    browser.until_said("dialog", "Sets it.").await;
    browser.type_into("Next number (needed)", "0").await;
    browser.press("Send").await;
    browser.until_said("dialog .field .problem", "1").await;
    browser.type_into("Next number (needed)", "<i>7</i>").await;
    browser.press("Send").await;
    browser.until_said("dialog .field .problem", "whole number").await;
    browser.type_into("Next number (needed)", "7").await;
    browser.press("Send").await;
    browser.until_said("[data-testid=outcome]", "done <b>done</b>").await;
    browser.press("Close").await;
    browser.press("1 action").await;
    browser.until_said("table.actions", "set-number").await;
    browser.until_said("table.log", "set-number").await;
    assert_eq!(browser.run("return document.querySelectorAll('main b, main i').length", vec![]).await, 0, "a text became markup");
    browser.close().await;
}

#[tokio::test]
async fn a_session_is_restarted_where_it_is() {
    let system = System::start("portal_restart", 1, 2).await;
    let before = system.declare(&system.many_to_venue(2, Duration::from_secs(20))).await;
    let browser = look(&system, "/adapters").await;
    browser.until_column("Status", "both ACTIVE", |all| all.len() == 2 && all.iter().all(|status| status.ends_with("ACTIVE"))).await;
    browser.check("Select all 2").await;
    browser.press("Restart").await;
    browser.until_said("dialog h2", "Restart 2 sessions?").await;
    browser.press("Restart").await;
    browser.until_said(".operation[data-done=true]", "2 of 2 restarted").await;
    let after = system.until_moved(Duration::from_secs(20), &before).await;
    for (session, owner) in &before {
        assert_eq!(after[session].pod(), owner.pod(), "{session} has left its pod");
        assert!(after[session].token > owner.token);
    }
    browser.close().await;
}
