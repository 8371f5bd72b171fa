//! Two processes under one pod name, by mistake.

use std::time::Duration;

use conncentric::domain::event::{ClaimKind, Event};
use conncentric::log::Entry;

use super::{SLACK, assert_sound, claims, expiries, owned_by};
use crate::support::system::{Owners, System};

/// I3: the older process may live on, so its leases last until they run out, and its sessions move only then.
#[tokio::test]
async fn a_newer_process_of_a_name_ends_the_older_one_but_never_shortens_its_leases() {
    let ttl = Duration::from_secs(3);
    let mut system = System::start("duplicate_pod", 2, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    let held = owned_by(&before, "pod-1");
    assert!(held > 0, "sessions are spread: {before:?}");

    let mut newer = system.another_process("pod-1-again", "pod-1", &system.urls());
    newer.line_with("registered as pod-1").await;
    let status = system.pod("pod-1").exit().await;
    assert_eq!(status.code(), Some(1));
    system.pod("pod-1").line_with("a newer process").await;

    let lost: Owners = before.clone().into_iter().filter(|(_, owner)| owner.pod() == "pod-1").collect();
    let after = system.until_moved(ttl + SLACK, &lost).await;
    for (session, owner) in &before {
        assert_eq!(after[session].holder != owner.holder, owner.pod() == "pod-1", "{session}: {owner:?}, {:?}", after[session]);
    }

    let expired = expiries(&system).await;
    assert_eq!(expired.len(), held);
    for event in &expired {
        assert!(Duration::from_millis(event.silence_ms) >= ttl, "too early: {event:?}");
    }
    assert_eq!(claims(&system, ClaimKind::Takeover).await.len(), held);
    assert_silent_before_expiry(&system, ttl).await;
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
}

/// By the database's clock too: from the last sign of life of the older process to the end of its leases.
async fn assert_silent_before_expiry(system: &System, ttl: Duration) {
    let (mut older, mut heard, mut ended) = (None, None, None);
    for entry in system.entries().await {
        match entry {
            Entry::Pulse(pulse) if older.is_some_and(|older| pulse.registrations.contains(&older)) => heard = Some(pulse.recorded_at),
            Entry::Pulse(_) => {}
            Entry::Ledger(recorded) => match &recorded.event {
                Event::PodRegistered(event) if event.pod.as_str() == "pod-1" && older.is_none() => older = Some(event.registration),
                Event::LeaseExpired(_) => ended = ended.or(Some(recorded.recorded_at)),
                _ => {}
            },
        }
    }
    let silence = (ended.expect("it expired") - heard.expect("it heartbeat")).to_std().expect("one after the other");
    assert!(silence >= ttl.mul_f32(0.9), "expired after a silence of {silence:?}");
}
