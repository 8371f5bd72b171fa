//! `kill -TERM` of a pod, as every rollout does.

use std::time::Duration;

use conncentric::domain::event::{ClaimKind, Event};
use rustix::process::Signal;

use super::{assert_sound, claims, expiries, owned_by};
use crate::support::system::System;

#[tokio::test]
async fn a_terminated_pod_hands_its_sessions_over_without_waiting_for_any_lease() {
    let ttl = Duration::from_mins(1);
    let mut system = System::start("terminated_pod", 2, 2).await;
    let before = system.declare(&system.many_to_venue(6, ttl)).await;
    let moving = owned_by(&before, "pod-1");
    assert!(moving >= 2, "sessions are spread: {before:?}");

    system.pod("pod-1").signal(Signal::TERM);
    // A third of the lease, which a busy machine keeps; an idle one needs a few milliseconds.
    let after = system.until_off(ttl / 3, "pod-1").await;
    let status = system.pod("pod-1").exit().await;
    assert!(status.success(), "{status}");

    assert_eq!(claims(&system, ClaimKind::Handover).await.len(), moving);
    assert_eq!(expiries(&system).await, []);
    let left = system.events_of(|event| if let Event::PodLeft(left) = event { Some(left) } else { None }).await;
    assert_eq!(left.iter().map(|left| left.pod.as_str()).collect::<Vec<_>>(), ["pod-1"]);
    let journal = system.journal();
    journal.assert_one_believer_at_a_time();
    for (session, owner) in before.iter().filter(|(_, owner)| owner.pod() == "pod-1") {
        let last = journal.accepted(session, owner.token).pop().expect("it ran");
        assert!(last.is("LOGOUT"), "{session} was closed in order: {last:?}");
        assert!(after[session].token > owner.token);
    }
    assert_sound(&system).await;
}
