//! A rolling upgrade of the orchestrators.

use std::time::Duration;

use rustix::process::Signal;

use super::assert_nothing_moved;
use crate::support::system::System;

/// I7.
#[tokio::test]
async fn a_rolling_restart_of_the_orchestrators_interrupts_nothing() {
    let ttl = Duration::from_secs(10);
    let mut system = System::start("rolling_restart", 2, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    for index in 0..2 {
        let orchestrator = system.orchestrator(index);
        orchestrator.signal(Signal::TERM);
        let status = orchestrator.exit().await;
        assert!(status.success(), "{status}");
        orchestrator.start_again();
        orchestrator.line_with("following the log").await;
        system.until_heard(&["pod-1", "pod-2"], 1).await;
    }
    assert_eq!(system.journal().count("LOGIN").values().sum::<usize>(), before.len(), "no session was interrupted");
    assert_nothing_moved(&system, &before).await;
}
