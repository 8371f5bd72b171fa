//! The pictures of docs/portal/, made anew by `make screenshots`. Not a test, so it runs only when it is asked for.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::system::System;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/portal");

#[tokio::test]
#[ignore = "writes docs/portal/*.png; run by `make screenshots`"]
async fn screenshots() {
    let ttl = Duration::from_secs(5);
    let mut system = System::start("portal_pictures", 2, 3).await;
    let mut documents = system.many_to_venue(8, ttl);
    for major in [4, 5] {
        let content = json!({ "begin-string": format!("FIX.{major}"), "fields": { "8": "BeginString", "35": "MsgType" } });
        let _: Value = system.call(Method::PUT, "/v1/artifacts/fix-dictionary", Some(&content)).await.expect("stored");
    }
    documents[0].artifacts = vec!["fix-dictionary".into()];
    documents.extend(["clearing", "dropcopy", "reference-data"].map(|name| system.to_venue(name, ttl)));
    system.declare(&documents).await;
    let ticker = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/plugins/ticker");
    let (status, said) = system.cli(&["plugin", "install", ticker]).await;
    assert!(status.success(), "{said}");
    let page: Value = system.call::<(), _>(Method::GET, "/v1/events?order=desc&limit=1&pulses=false", None).await.expect("a page");
    let before = &page["events"][0]["position"];
    // Something has happened: a handover, a takeover, and two adapters are down for a maintenance.
    let to = if system.sessions().await.expect("sessions")[3].owner.as_ref().is_some_and(|owner| owner.pod.as_str() == "pod-3") {
        "pod-2"
    } else {
        "pod-3"
    };
    let _: Value = system.call(Method::POST, "/v1/sessions/venue-a/0/move", Some(&json!({ "to": to }))).await.expect("moved");
    system.until_active(Duration::from_secs(30)).await;
    system.pod(to).kill().await;
    system.until_off(Duration::from_secs(30), to).await;
    system.pod(to).start_again();
    let down = json!({ "names": ["clearing", "dropcopy"], "reason": "new switches" });
    let _: Value = system.call(Method::POST, "/v1/maintenance", Some(&down)).await.expect("begun");

    let changes = format!("/changes?since={before}");

    let browser = Browser::open(&system.urls()[0], system.folder(), (1200, 860)).await;
    browser.go("/").await;
    browser.sign_in(system.token()).await;
    for theme in ["light", "dark"] {
        browser.theme(theme).await;
        for (name, path, said) in [
            ("overview", "/", "takeover"),
            ("adapters", "/adapters", "venue-h"),
            ("adapter", "/adapters/venue-a", "name: venue-a"),
            ("pods", "/pods", "due every"),
            ("events", "/events", "new switches"),
            ("maintenance", "/maintenance", "2 of 2 closed"),
            ("artifacts", "/artifacts", "fix-dictionary"),
            ("plugins", "/plugins", "ticker"),
            ("artifact", "/artifacts/fix-dictionary", "venue-a"),
            ("changes", &changes, "owner"),
            ("access-tokens", "/access-tokens", "yours"),
        ] {
            browser.go(path).await;
            browser.until_said("main", said).await;
            browser.until_said("[role=status][data-state]", "Live").await;
            take(&browser, &format!("{name}-{theme}")).await;
        }
        browser.go("/artifacts/fix-dictionary").await;
        browser.press("What version 2 changed").await;
        browser.until_said(".difference", "FIX.5").await;
        take(&browser, &format!("artifact-{theme}")).await;
        browser.go("/adapters/venue-b").await;
        browser.press("Send an action to venue-b/0").await;
        browser.choose("Action", "set-sequence").await;
        browser.until_said("dialog", "Next number").await;
        take(&browser, &format!("action-{theme}")).await;
        browser.press("Cancel").await;
        browser.press("Edit").await;
        browser.type_into("Keep-alive", "soon").await;
        browser.press("Check and compare").await;
        browser.until_said(".schema-form .problem", "").await;
        browser.run("document.querySelector('.schema-form .problem').scrollIntoView({ block: 'center' })", vec![]).await;
        take(&browser, &format!("settings-{theme}")).await;
    }
    // On a phone: looked at, not kept.
    browser.client.set_window_size(400, 800).await.expect("a phone");
    for (name, path, said) in [
        ("changes", changes.as_str(), "owner"),
        ("artifacts", "/artifacts", "fix-dictionary"),
        ("plugins", "/plugins", "ticker"),
        ("access-tokens", "/access-tokens", "yours"),
    ] {
        browser.go(path).await;
        browser.until_said("main", said).await;
        let picture = browser.client.screenshot().await.expect("a picture");
        std::fs::write(std::env::temp_dir().join(format!("conncentric-phone-{name}.png")), picture).expect("written");
    }
    browser.close().await;
}

async fn take(browser: &Browser, name: &str) {
    let picture = browser.client.screenshot().await.expect("a picture");
    std::fs::create_dir_all(FOLDER).expect("a folder");
    std::fs::write(Path::new(FOLDER).join(format!("{name}.png")), picture).expect("written");
}
