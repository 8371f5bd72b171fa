//! Everything disabled and enabled again, by people.

use std::time::Duration;

use conncentric::domain::status::OperationalStatus;
use conncentric::wire::adapter::AdapterDocument;

use super::{assert_sound, expiries};
use crate::support::system::System;

#[tokio::test]
async fn disabling_everything_leaves_nothing_at_the_venue_and_enabling_brings_it_back() {
    let ttl = Duration::from_secs(20);
    let system = System::start("administrative_state", 2, 2).await;
    let mut documents = system.many_to_venue(4, ttl);
    let shared = system.to_venue("shared", ttl);
    documents.push(AdapterDocument { mode: conncentric::domain::adapter::Mode::LoadBalanced, replicas: 3, ..shared });
    let before = system.declare(&documents).await;
    assert_eq!(before.len(), 7);

    let (status, said) = system.cli(&["disable", "--all", "--wait", "--reason", "the test says so"]).await;
    assert!(status.success(), "{said}");
    for session in system.sessions().await.expect("answers") {
        assert_eq!((session.status, session.owner), (OperationalStatus::Inactive, None), "{}", session.session);
        assert!(session.reason.as_deref().is_some_and(|reason| reason.contains("the test says so")), "{:?}", session.reason);
    }
    let journal = system.journal();
    assert_eq!(journal.count("LOGIN"), journal.count("LOGOUT"), "every login has its logout");
    for (session, owner) in &before {
        assert!(
            journal.accepted(session, owner.token).last().is_some_and(|last| last.is("LOGOUT")),
            "{session} said more after its logout"
        );
    }

    let (status, said) = system.cli(&["enable", "--all", "--wait"]).await;
    assert!(status.success(), "{said}");
    let after = system.until_moved(Duration::from_secs(1), &before).await;
    assert_eq!(after.len(), before.len());
    assert_eq!(expiries(&system).await, []);
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
}
