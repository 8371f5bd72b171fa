//! `kill -STOP` of an orchestrator for longer than the leases, then `-CONT`.

use std::time::Duration;

use rustix::process::Signal;

use super::{SLACK, assert_nothing_moved};
use crate::support::system::System;
use crate::support::wait::{eventually, holds};

/// I7: the pods heartbeat at another one, and the paused one, which heard nothing of them, does not take that for silence.
#[tokio::test]
async fn an_orchestrator_that_was_paused_beside_another_expires_nothing() {
    let ttl = Duration::from_secs(3);
    let mut system = System::start("paused_one_of_two", 2, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    system.orchestrator(0).signal(Signal::STOP);
    System::lasts(ttl + Duration::from_secs(1)).await;
    system.until_heard(&["pod-1", "pod-2"], 1).await;
    system.orchestrator(0).signal(Signal::CONT);
    // It has read all of the log when it answers, and would have acted on what it made of it.
    system.sessions_at(0).await.expect("it answers again");
    system.until_heard(&["pod-1", "pod-2"], 2).await;
    system.sessions_at(0).await.expect("it still answers");
    assert_nothing_moved(&system, &before).await;
}

/// I7: with nobody else there the sessions had to stop, but none of them is given to another pod.
#[tokio::test]
async fn an_orchestrator_that_was_paused_alone_expires_nothing() {
    let ttl = Duration::from_secs(2);
    let mut system = System::start("paused_alone", 1, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    system.orchestrator(0).signal(Signal::STOP);
    eventually(ttl + SLACK, async || {
        let stopped = system.journal().count("LOGOUT").len();
        holds(stopped == before.len(), format!("{stopped} of {} have stopped", before.len()))
    })
    .await;
    System::lasts(ttl).await;
    system.orchestrator(0).signal(Signal::CONT);
    system.until_heard(&["pod-1", "pod-2"], 2).await;
    assert_nothing_moved(&system, &before).await;
}
