//! A whole node: two pods and an orchestrator die in the same moment (I8).

use std::time::{Duration, Instant};

use super::assert_sound;
use crate::support::system::System;
use crate::support::wait::SOON;

#[tokio::test]
async fn the_sessions_of_a_lost_node_run_on_what_is_left() {
    let ttl = Duration::from_secs(2);
    let mut system = System::start("lost-node", 2, 3).await;
    let before = system.declare(&system.many_to_venue(6, ttl)).await;
    let pods: Vec<String> = system.pods().map(str::to_owned).collect();
    let [first, second, left] = pods.as_slice() else { panic!("three pods: {pods:?}") };
    let died = Instant::now();
    system.orchestrator(0).kill().await;
    system.pod(first).kill().await;
    system.pod(second).kill().await;

    let after = system.until_each(SOON, "runs on the pod that is left", |session| {
        session.status.to_string() == "ACTIVE" && session.owner.as_ref().is_some_and(|owner| owner.pod.as_str() == left)
    });
    let after = after.await;
    // Generous: this machine runs all the other tests, too.
    assert!(died.elapsed() < ttl + Duration::from_secs(10), "{:?}", died.elapsed());
    for (session, owner) in &after {
        let stayed = before[session].pod() == left;
        assert_eq!(owner.token == before[session].token, stayed, "{session}: who lived keeps what it had");
    }
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
}
