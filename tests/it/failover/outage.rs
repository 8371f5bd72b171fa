//! `kill -9` of all orchestrators, which come back later.

use std::time::Duration;

use super::{SLACK, assert_nothing_moved};
use crate::support::system::System;
use crate::support::wait::{eventually, holds};

/// I7: pods outlive a short outage without noticing more than unanswered heartbeats.
#[tokio::test]
async fn an_outage_of_all_orchestrators_shorter_than_the_leases_interrupts_nothing() {
    let ttl = Duration::from_secs(10);
    let mut system = System::start("short_outage", 2, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    outage(&mut system, Duration::from_secs(2)).await;
    system.until_heard(&["pod-1", "pod-2"], 1).await;
    assert_eq!(system.journal().count("LOGIN").values().sum::<usize>(), before.len(), "no session was interrupted");
    assert_nothing_moved(&system, &before).await;
}

/// I7: when leases run out during an outage, sessions stop as they must, but nobody else gets them.
#[tokio::test]
async fn an_outage_of_all_orchestrators_longer_than_the_leases_moves_nothing() {
    let ttl = Duration::from_secs(2);
    let mut system = System::start("long_outage", 2, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    for orchestrator in system.orchestrators() {
        orchestrator.kill().await;
    }
    // Each says goodbye before its deadline, since nobody renews its lease.
    eventually(ttl + SLACK, async || {
        let stopped = system.journal().count("LOGOUT").len();
        holds(stopped == before.len(), format!("{stopped} of {} have stopped", before.len()))
    })
    .await;
    // And still nobody is there, for longer than any lease lasts.
    System::lasts(ttl).await;
    start_again(&mut system).await;
    system.until_heard(&["pod-1", "pod-2"], 2).await;
    assert_nothing_moved(&system, &before).await;
    assert!(system.journal().count("LOGIN").values().all(|logins| *logins >= 2), "sessions run again");
}

async fn outage(system: &mut System, length: Duration) {
    for orchestrator in system.orchestrators() {
        orchestrator.kill().await;
    }
    System::lasts(length).await;
    start_again(system).await;
}

async fn start_again(system: &mut System) {
    for orchestrator in system.orchestrators() {
        orchestrator.start_again();
    }
    for orchestrator in system.orchestrators() {
        orchestrator.line_with("following the log").await;
    }
}
