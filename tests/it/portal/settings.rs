//! The settings of an adapter: edited in a form or as YAML, checked and compared before they are saved, and brought back.

use std::time::Duration;

use fantoccini::Locator;
use reqwest::Method;
use serde_json::{Value, json};

use super::look;
use crate::support::browser::Browser;
use crate::support::system::{System, document};

const TTL: Duration = Duration::from_secs(2);

#[tokio::test]
async fn settings_are_checked_and_compared_before_they_are_saved_and_two_editors_notice_each_other() {
    let system = System::start("portal_settings", 1, 1).await;
    system.declare(&system.many_to_venue(1, TTL)).await;
    let browser = look(&system, "/adapters/venue-a").await;
    browser.press("Edit").await;
    browser.press("YAML").await;
    let edit = async |from: &str, to: &str| {
        // As typing does, in one go.
        let script = "
            const area = document.querySelector('textarea');
            const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;
            set.call(area, area.value.replace(arguments[0], arguments[1]));
            area.dispatchEvent(new Event('input', { bubbles: true }));";
        browser.run(script, vec![from.into(), to.into()]).await;
    };
    browser.until_said("section[aria-label=Settings] .answers", "Check and compare").await;
    edit("lease_ttl: 2s", "lease_ttl: 1ms").await;
    browser.press("Check and compare").await;
    browser.until_said("section[aria-label=Settings] .problem", "lease_ttl").await;
    edit("lease_ttl: 1ms", "lease_ttl: [").await;
    browser.press("Check and compare").await;
    browser.until_said("section[aria-label=Settings] .problem", "This is not YAML").await;

    edit("lease_ttl: [", "lease_ttl: 3s").await;
    browser.press("Check and compare").await;
    browser.until_said(".difference .removed", "lease_ttl: 2s").await;
    browser.until_said(".difference .added", "lease_ttl: 3s").await;

    // Somebody else is faster.
    let document = system.to_venue("venue-a", Duration::from_secs(4));
    let _: Value = system.call(Method::PUT, "/v1/adapters/venue-a", Some(&document)).await.expect("changed");
    browser.press("Save").await;
    browser.until_said("section[aria-label=Settings] .problem", "revision").await;
    browser.until_said("section[aria-label=Settings]", "Somebody else has changed it meanwhile").await;
    browser.press("Cancel").await;
    browser.until_said("pre.yaml", "lease_ttl: 4s").await;

    browser.press("Edit").await;
    browser.press("YAML").await;
    edit("lease_ttl: 4s", "lease_ttl: 3s").await;
    browser.press("Check and compare").await;
    browser.press("Save").await;
    browser.until_said("pre.yaml", "lease_ttl: 3s").await;
    browser.close().await;
}

/// What stands beside the field of a label: what it is for, and what is wrong with it.
async fn said_at(browser: &Browser, label: &str) -> String {
    let script = "
        const label = [...document.querySelectorAll('.field > label')].find(one => one.innerText.trim() === arguments[0]);
        return label === undefined ? '' : label.parentElement.innerText;";
    browser.run(script, vec![label.into()]).await.as_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_form_is_made_from_the_schema_and_says_at_each_field_what_is_wrong() {
    let system = System::start("portal_form", 1, 1).await;
    let settings = json!({ "command": ["sleep", "1000"], "env": { "VENUE": "<b>a</b>" } });
    let mut declared = document("runner", "exec", Duration::from_secs(20), &settings);
    declared.enabled = Some(true);
    system.declare(&[declared]).await;
    let browser = look(&system, "/adapters/runner").await;
    browser.press("Edit").await;
    browser.until_said(".schema-form", "Settings of connector exec").await;
    let shown = browser.run("return [...document.querySelectorAll('.schema-form textarea')].map(area => area.value)", vec![]).await;
    assert!(shown.to_string().contains("sleep\\n1000") && shown.to_string().contains("VENUE=<b>a</b>"), "{shown}");
    assert_eq!(browser.run("return document.querySelectorAll('.schema-form b').length", vec![]).await, 0, "a text became markup");

    // Two fields are wrong at once, and each says so.
    browser.type_into("Stop timeout", "soon").await;
    browser.type_into("Environment", "CONNCENTRIC_X=1").await;
    browser.press("Check and compare").await;
    browser.until_said("[role=alert]", "Not accepted: look at").await;
    for field in ["Stop timeout", "Environment"] {
        let wrong = format!("(//label[normalize-space()='{field}']/..//*[@class='problem'])[1]");
        browser.client.find(Locator::XPath(&wrong)).await.unwrap_or_else(|error| panic!("{field}: {error}"));
    }
    // What is no NAME=value is not even sent.
    browser.type_into("Environment", "VENUE").await;
    assert!(said_at(&browser, "Environment").await.contains("write NAME=value"));
    browser.type_into("Environment", "VENUE=b\nAPI_PASSWORD=hunter2").await;
    browser.type_into("Stop timeout", "3s").await;
    browser.press("Check and compare").await;
    browser.until_said(".difference .added", "stop_timeout: 3s").await;
    assert!(said_at(&browser, "Environment").await.contains("⚠"), "a secret that is written out is warned of");

    // Both views show the same document.
    browser.press("YAML").await;
    let yaml = browser.run("return document.querySelector('textarea.yaml').value", vec![]).await;
    assert!(yaml.as_str().is_some_and(|yaml| yaml.contains("stop_timeout: 3s") && yaml.contains("API_PASSWORD: hunter2")), "{yaml}");
    browser.press("Form").await;
    browser.type_into("Environment", "VENUE=b\nAPI_PASSWORD=${env:HOME}").await;
    browser.press("Check and compare").await;
    browser.until_said(".difference .added", "API_PASSWORD: ${env:HOME}").await;
    browser.press("Save").await;
    browser.until_said("pre.yaml", "stop_timeout: 3s").await;

    // The session runs with what it began with, until it is restarted.
    browser.until_said("section[aria-label=Sessions] .facts", "restart pending: runs revision 1, the newest is 2").await;
    browser.press("Adapters").await;
    browser.until_column("Status", "waiting for a restart", |all| all.len() == 1 && all[0].contains("restart pending")).await;
    browser.go("/adapters/runner").await;
    browser.press("Revisions").await;
    browser.press("What revision 2 changed").await;
    browser.until_said(".revisions .difference .added", "stop_timeout: 3s").await;
    browser.press("Restore revision 1").await;
    browser.until_said("section[aria-label=Settings]", "This is revision 1. Saving it makes it the newest").await;
    browser.press("Check and compare").await;
    browser.until_said(".answers ~ *, .difference .removed", "stop_timeout: 3s").await;
    browser.press("Save").await;
    browser.until_said("section[aria-label=Settings]", "Revision 3").await;
    let now: Value = system.call::<(), _>(Method::GET, "/v1/adapters/runner", None).await.expect("the adapter");
    assert_eq!(now["settings"], settings);
    browser.close().await;
}
