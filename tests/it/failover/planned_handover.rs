//! A pod drained and undrained by an operator, and one session moved.

use std::time::Duration;

use conncentric::domain::event::ClaimKind;
use conncentric::domain::name::SessionId;

use super::{SLACK, assert_sound, claims, expiries, owned_by};
use crate::support::system::{Owner, System};

#[tokio::test]
async fn planned_moves_are_handovers_with_small_gaps() {
    let ttl = Duration::from_mins(1);
    let system = System::start("planned_handover", 2, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    let moving = owned_by(&before, "pod-1");
    assert!(moving > 0, "sessions are spread: {before:?}");

    let (status, said) = system.cli(&["drain", "pod-1", "--wait"]).await;
    assert!(status.success(), "{said}");
    let drained = system.until_off(SLACK, "pod-1").await;
    assert_eq!(claims(&system, ClaimKind::Handover).await.len(), moving);
    for (session, owner) in before.iter().filter(|(_, owner)| owner.pod() == "pod-1") {
        assert_small_gap(&system, session, owner, &drained[session]);
    }

    let (status, said) = system.cli(&["undrain", "pod-1"]).await;
    assert!(status.success(), "{said}");
    let (status, said) = system.cli(&["move", "venue-a/0", "--to", "pod-1", "--wait"]).await;
    assert!(status.success(), "{said}");
    let moved: SessionId = "venue-a/0".parse().expect("a session");
    let after = system.until_active(SLACK).await;
    assert_eq!(after[&moved].pod(), "pod-1");
    assert_small_gap(&system, &moved, &drained[&moved], &after[&moved]);
    for (session, owner) in drained.iter().filter(|(session, _)| **session != moved) {
        assert_eq!(&after[session], owner, "{session} came back without being asked to");
    }
    assert_eq!(claims(&system, ClaimKind::Handover).await.len(), moving + 1);
    assert_eq!(expiries(&system).await, []);
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
}

/// From the last line of the old owner to the first of the new one, as the venue saw it.
fn assert_small_gap(system: &System, session: &SessionId, old: &Owner, new: &Owner) {
    assert!(new.token > old.token, "{session}: {old:?}, {new:?}");
    let journal = system.journal();
    let last = journal.accepted(session, old.token).pop().expect("it ran");
    let first = journal.accepted(session, new.token)[0];
    assert!(last.is("LOGOUT") && first.is("LOGIN"), "{last:?}, {first:?}");
    let gap = first.at().checked_sub(last.at()).expect("one after the other");
    // A tenth of the lease, which a busy machine keeps; an idle one needs a few milliseconds.
    assert!(gap < Duration::from_secs(6), "{session} was down for {gap:?}");
}
