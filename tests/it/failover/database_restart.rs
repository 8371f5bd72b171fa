//! `pg_ctl restart` of the database, under load.

use std::time::Duration;

use conncentric::client::{Call, Client};
use conncentric::domain::event::Event;
use conncentric::domain::identity::Role;
use conncentric::wire::access_token::{CreateAccessToken, CreatedAccessToken};
use futures_util::future::join_all;
use reqwest::Method;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::assert_nothing_moved;
use crate::support::postgres::{Database, Guarded};
use crate::support::system::System;
use crate::support::wait::{SOON, eventually};

/// I4 and I7.
#[tokio::test]
async fn a_restart_of_the_database_moves_nothing_and_loses_nothing() {
    let guarded = Guarded::start().await;
    let mut system = System::start_on(Database::create_in(&guarded, "restarted").await, 2).await;
    let urls = system.urls();
    for pod in ["pod-1", "pod-2"] {
        system.add_pod(pod, &urls).await;
    }
    let before = system.declare(&system.many_to_venue(4, Duration::from_secs(3))).await;

    let restarted = CancellationToken::new();
    let clients = urls.iter().chain(&urls).enumerate().map(|(number, url)| {
        let client = Client::new(std::slice::from_ref(url), Some(system.token())).expect("a client");
        make_tokens(client, number, &restarted)
    });
    let restart = async {
        guarded.cluster.restart().await.expect("restarts");
        restarted.cancel();
    };
    let (names, ()) = tokio::join!(join_all(clients), restart);
    system.until_heard(&["pod-1", "pod-2"], 2).await;

    let made = system.events_of(|event| if let Event::AccessTokenCreated(made) = event { Some(made) } else { None }).await;
    for name in names.iter().flatten() {
        assert_eq!(made.iter().filter(|made| made.name == *name).count(), 1, "{name} was answered, so it is in the log, and once");
    }
    assert_nothing_moved(&system, &before).await;
    drop(system);
    guarded.end();
}

/// One command after the other at one orchestrator, until a few have been carried out after the restart.
async fn make_tokens(client: Client, number: usize, restarted: &CancellationToken) -> Vec<String> {
    let (mut names, mut more) = (Vec::new(), 3);
    while more > 0 {
        more -= usize::from(restarted.is_cancelled());
        let name = format!("token-{number}-{}", names.len());
        make_token(&client, &name).await;
        names.push(name);
    }
    names
}

/// Repeats a command, with its key, for as long as it is told 503. Any other failure is one of the test.
async fn make_token(client: &Client, name: &str) {
    let request = CreateAccessToken { name: name.to_owned(), role: Role::Viewer, pod: None };
    let headers = [("Idempotency-Key", Uuid::new_v4().to_string())];
    let timeout = Duration::from_secs(20);
    let call = Call { method: Method::POST, path: "/v1/tokens", body: Some(&request), headers: &headers, timeout, repeatable: false };
    eventually(SOON, async || match client.call::<_, CreatedAccessToken>(&call).await {
        Ok(_) => Ok(()),
        Err(error) => match error.code() {
            // Told 503 before, although it was carried out.
            Some("token-shown-already") => Ok(()),
            Some("unavailable") => Err(error),
            _ => panic!("{name}: {error:?}"),
        },
    })
    .await;
}
