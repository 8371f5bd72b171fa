//! Every page, for everybody: axe-core finds nothing serious, in light and dark, wide and narrow.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::system::System;

async fn violations(browser: &Browser, axe: &str, place: &str) -> Vec<String> {
    browser.run(axe, vec![]).await;
    // Parts that only move away are not looked at half-way.
    let script = "
        const done = arguments[arguments.length - 1];
        document.getAnimations().filter(one => one.effect.getTiming().iterations !== Infinity).forEach(one => { try { one.finish() } catch {} });
        axe.run(document, { resultTypes: ['violations'] }).then(
            found => done(found.violations.filter(one => one.impact === 'serious' || one.impact === 'critical')
                .map(one => one.id + ': ' + one.help + ': ' + one.nodes.map(node => node.html + ' ' + node.any.map(why => why.message).join('; ')).join(' | '))),
            problem => done(['axe: ' + problem]));";
    let found = browser.client.execute_async(script, vec![]).await.unwrap_or_else(|error| panic!("{place}: {error}"));
    let found: Vec<String> = serde_json::from_value(found).expect("texts");
    found.into_iter().map(|violation| format!("{place}: {violation}")).collect()
}

#[tokio::test]
async fn no_page_keeps_anybody_out() {
    let axe = concat!(env!("CARGO_MANIFEST_DIR"), "/src/portal/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core, which `make portal` fetches");
    let mut system = System::start("portal_axe", 1, 2).await;
    let mut documents = system.many_to_venue(3, Duration::from_secs(2));
    documents.push(system.to_venue("off", Duration::from_secs(2)));
    let _: Value = system.call(Method::PUT, "/v1/artifacts/dictionary", Some(&json!({ "major": 4 }))).await.expect("stored");
    documents[0].artifacts = vec!["dictionary".into()];
    system.declare(&documents).await;
    system.pod("pod-2").kill().await;
    system.until_off(Duration::from_secs(30), "pod-2").await;
    let off = json!({ "names": ["off"] });
    let _: Value = system.call(Method::POST, "/v1/maintenance", Some(&off)).await.expect("begun");
    let browser = Browser::open(&system.urls()[0], system.folder(), (1400, 900)).await;
    browser.go("/").await;
    let mut found = Vec::new();
    for theme in ["light", "dark"] {
        browser.theme(theme).await;
        found.extend(violations(&browser, &axe, &format!("sign-in, {theme}")).await);
    }
    browser.sign_in(system.token()).await;
    for theme in ["light", "dark"] {
        browser.theme(theme).await;
        for (path, said) in [
            ("/", "Needs attention"),
            ("/adapters", "venue-a"),
            ("/adapters/venue-a", "name: venue-a"),
            ("/pods", "pod-1"),
            ("/events", "LeaseExpired"),
            ("/events?position=1", "schema_version"),
            ("/maintenance", "Under way"),
            ("/adapters?at=20", "Adapters"),
            ("/changes?since=20", "owner"),
            ("/changes", "Since when?"),
            ("/access-tokens", "pod-1"),
            ("/artifacts", "dictionary"),
            ("/artifacts/dictionary", "venue-a"),
            ("/plugins", "No plugin is installed."),
            ("/adapters?q=none", "No adapter matches"),
            ("/adapters/none", "none"),
        ] {
            browser.go(path).await;
            browser.until_said("main", said).await;
            found.extend(violations(&browser, &axe, &format!("{path}, {theme}")).await);
        }
        for (path, button, said) in [
            ("/adapters/venue-a", "Disable", "Disable 1 adapter?"),
            ("/adapters/venue-a", "Move venue-a/0", "Choose a pod"),
            ("/pods", "Drain pod-1", "Goes to"),
            ("/events", "As of: now", "Show every page"),
            ("/maintenance", "End the maintenance", "End it"),
            ("/artifacts", "Upload", "64 MiB"),
            ("/plugins", "Install", "Signature"),
            ("/adapters/venue-a", "Restart venue-a/0", "starts it again"),
            ("/adapters/venue-a", "Send an action to venue-a/0", "Action"),
            ("/adapters?q=venue", "Save this view", "Name of the view"),
            ("/access-tokens", "Create an access token", "Role"),
            ("/access-tokens", "Revoke pod-1", "cannot be undone"),
        ] {
            browser.go(path).await;
            browser.press(button).await;
            browser.until_said("dialog", said).await;
            found.extend(violations(&browser, &axe, &format!("{path}, {button}, {theme}")).await);
        }
    }
    browser.client.set_window_size(400, 800).await.expect("a phone");
    for path in [
        "/",
        "/adapters",
        "/adapters/venue-a",
        "/pods",
        "/events",
        "/maintenance",
        "/changes?since=20",
        "/access-tokens",
        "/artifacts",
        "/artifacts/dictionary",
        "/plugins",
    ] {
        browser.go(path).await;
        browser.until_said("main h1", "").await;
        found.extend(violations(&browser, &axe, &format!("{path}, narrow")).await);
        let wide = browser.run("return document.documentElement.scrollWidth > innerWidth", vec![]).await;
        assert_eq!(wide, false, "{path} is wider than a phone");
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    browser.close().await;
}
