//! `pg_ctl restart` of the database, under load.

use std::time::Duration;

use conncentric::client::{Call, Client};
use conncentric::domain::event::Event;
use conncentric::domain::identity::Role;
use conncentric::wire::access_token::{CreateAccessToken, CreatedAccessToken};
use reqwest::Method;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::assert_nothing_moved;
use crate::support::postgres::{Database, Guarded};
use crate::support::system::System;

/// What became of one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    /// Told 503: it may have been carried out or not.
    Unknown,
}

/// I4 and I7.
#[tokio::test]
async fn a_restart_of_the_database_moves_nothing_and_loses_nothing() {
    let guarded = Guarded::start().await;
    let database = Database::create_in(&guarded, "restarted").await;
    let ttl = Duration::from_secs(5);
    let mut system = System::start_on(database, 2).await;
    let urls = system.urls();
    for pod in ["pod-1", "pod-2"] {
        system.add_pod(pod, &urls).await;
    }
    let before = system.declare(&system.many_to_venue(4, ttl)).await;

    let (mut clients, restarted) = (JoinSet::new(), CancellationToken::new());
    for (number, url) in urls.iter().chain(&urls).enumerate() {
        clients.spawn(make_tokens(
            Client::new(std::slice::from_ref(url), Some(system.token())).expect("a client"),
            number,
            restarted.clone(),
        ));
    }
    guarded.cluster.restart().await.expect("restarts");
    restarted.cancel();
    let answers: Vec<(String, Answer)> = clients.join_all().await.into_iter().flatten().collect();
    system.until_heard(&["pod-1", "pod-2"], 2).await;

    let made = system.events_of(|event| if let Event::AccessTokenCreated(made) = event { Some(made) } else { None }).await;
    for (name, answer) in &answers {
        let times = made.iter().filter(|made| made.name == *name).count();
        let expected = if *answer == Answer::Done { 1..=1 } else { 0..=1 };
        assert!(expected.contains(&times), "{name} was answered {answer:?} and is in the log {times} times");
    }
    assert!(answers.iter().filter(|(_, answer)| *answer == Answer::Done).count() > 4, "{answers:?}");
    assert_nothing_moved(&system, &before).await;
    drop(system);
    guarded.end();
}

/// One command after the other at one orchestrator, until a few have been carried out after the restart.
async fn make_tokens(client: Client, number: usize, restarted: CancellationToken) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    let mut done_since_restart = 0;
    while done_since_restart < 3 {
        let name = format!("token-{number}-{}", answers.len());
        let request = CreateAccessToken { name: name.clone(), role: Role::Viewer, pod: None };
        let headers = [("Idempotency-Key", Uuid::new_v4().to_string())];
        let timeout = Duration::from_secs(20);
        let path = "/v1/tokens";
        let call = Call { method: Method::POST, path, body: Some(&request), headers: &headers, timeout, repeatable: false };
        let answer = match client.call::<_, CreatedAccessToken>(&call).await {
            Ok(_) => Answer::Done,
            Err(error) if error.code() == Some("unavailable") => Answer::Unknown,
            Err(error) => panic!("{name}: {error:?}"),
        };
        done_since_restart += usize::from(answer == Answer::Done && restarted.is_cancelled());
        answers.push((name, answer));
    }
    answers
}
