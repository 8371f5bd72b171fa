//! The plugin of docs/plugins.md, installed and run as the page says.

use std::path::Path;
use std::process::Command;

use conncentric::domain::event::{Event, SessionLogged};

use super::feed;
use crate::support::sound::assert_sound;
use crate::support::system::System;
use crate::support::wait::{SOON, eventually, holds};

async fn ok(system: &System, arguments: &[&str]) -> String {
    let (status, said) = system.cli(arguments).await;
    assert!(status.success(), "{arguments:?}: {said}");
    said
}

async fn logged(system: &System) -> Vec<String> {
    let entries: Vec<SessionLogged> =
        system.events_of(|event| if let Event::SessionLogged(entry) = event { Some(entry) } else { None }).await;
    entries.into_iter().map(|entry| entry.message).collect()
}

#[tokio::test]
async fn the_tutorial_plugin_is_installed_and_runs() {
    let system = System::start("plugin-tutorial", 1, 2).await;
    let ticker = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plugins/ticker");
    let lines = std::fs::read_to_string(ticker.join("ticker.py")).expect("the program").lines().count();
    assert!(lines < 60, "{lines} lines are no tutorial");
    assert!(ok(&system, &["plugin", "install", &ticker.display().to_string()]).await.contains("plugin/ticker created, version 1.0.0"));

    // As the page has it, but for the file, which others might write to at the same time.
    let (file, adapter) = (system.folder().join("clock.txt"), system.folder().join("adapter.yaml"));
    let text = std::fs::read_to_string(ticker.join("adapter.yaml")).expect("the adapter");
    assert!(std::fs::read_to_string(ticker.join("../../plugins.md")).expect("the page").contains(&text), "the page shows it");
    std::fs::write(&adapter, text.replace("/tmp/clock.txt", &file.display().to_string())).expect("written");
    ok(&system, &["apply", "-f", &adapter.display().to_string()]).await;
    ok(&system, &["enable", "clock", "--wait"]).await;
    let owners = system.until_active(SOON).await;
    let (session, owner) = owners.iter().next().expect("an owner");
    let line = format!("{session} {} ", owner.token);
    eventually(SOON, async || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        holds(text.contains(&line), text)
    })
    .await;
    eventually(SOON, async || {
        let logged = logged(&system).await;
        holds(logged.iter().any(|text| text.starts_with("plugin ticker version 1.0.0 (sha256 ")), format!("{logged:?}"))
    })
    .await;
    let (status, said) = system.cli(&["plugin", "rm", "ticker"]).await;
    assert!(!status.success() && said.contains("named by clock"), "{said}");
    assert_sound(&system).await;
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn packages_are_packed_and_signed_on_the_command_line() {
    let system = System::start("plugin-cli", 1, 0).await;
    let path = |name: &str| system.folder().join(name).display().to_string();
    std::fs::write(path("feed.tar.zst"), feed(system.folder(), "1.0.0")).expect("written");
    let packed = path("packed.tar.zst");
    ok(&system, &["plugin", "pack", &path("feed-1.0.0"), "--file", &packed]).await;
    assert_eq!(std::fs::read(&packed).expect("a file"), std::fs::read(path("feed.tar.zst")).expect("a file"), "the same each time");
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &path("key.pem")]);
    ok(&system, &["plugin", "sign", &packed, "--key", &path("key.pem")]).await;
    assert_eq!(std::fs::read_to_string(format!("{packed}.sig")).expect("a signature").trim().len(), 88);
    ok(&system, &["plugin", "install", &packed]).await;
    let listed = ok(&system, &["plugin", "list"]).await;
    assert!(listed.contains("feed") && listed.contains("1.0.0"), "{listed}");
    ok(&system, &["plugin", "get", "feed", &path("back.tar.zst")]).await;
    assert_eq!(std::fs::read(path("back.tar.zst")).expect("a file"), std::fs::read(&packed).expect("a file"));
    ok(&system, &["plugin", "rm", "feed"]).await;
}
