//! An outage of all orchestrators for three times the leases, with as many pods as a large installation has (I7).

use std::time::{Duration, Instant};

use conncentric::domain::adapter::{Mode, OnLeaseLoss};

use super::assert_nothing_moved;
use crate::support::system::System;
use crate::support::wait::{eventually, holds};

const PODS: usize = 200;
const TTL: Duration = Duration::from_secs(6);
/// So many processes take their time, to start above all.
const PATIENCE: Duration = Duration::from_mins(5);

/// Sessions of exclusive adapters stop, others carry on, and afterwards all run where they ran: no wave of takeovers.
#[tokio::test]
#[ignore = "200 processes: cargo test --test it -- --ignored --nocapture two_hundred_pods"]
async fn two_hundred_pods_outlive_an_outage_of_all_orchestrators() {
    let mut system = System::start("many_pods", 2, 0).await;
    let urls = system.urls();
    for index in 0..PODS {
        system.add_pod(&format!("pod-{index}"), &urls).await;
    }
    let documents: Vec<_> = (0..PODS)
        .map(|index| {
            let mut document = system.to_venue(&format!("venue-{index}"), TTL);
            document.settings.insert("keepalive".into(), "1s".into());
            if index % 2 == 1 {
                (document.mode, document.on_lease_loss) = (Mode::Single, OnLeaseLoss::Continue);
            }
            document
        })
        .collect();
    let before = system.declare(&documents).await;

    for orchestrator in system.orchestrators() {
        orchestrator.kill().await;
    }
    System::lasts(TTL * 3).await;
    assert_eq!(system.journal().count("LOGOUT").len(), PODS / 2, "exclusive sessions stop, and nothing else does");
    for orchestrator in system.orchestrators() {
        orchestrator.start_again();
    }
    for orchestrator in system.orchestrators() {
        orchestrator.line_with("following the log").await;
    }
    let back = Instant::now();
    // The Portal's view of them is as old as what the pods said last, so the venue is asked.
    eventually(PATIENCE, async || {
        let logins: usize = system.journal().count("LOGIN").values().sum();
        holds(logins == PODS + PODS / 2, format!("{logins} logins"))
    })
    .await;
    println!("all {} sessions run again {:.2} s after the orchestrators were back", PODS, back.elapsed().as_secs_f64());
    system.until_active(PATIENCE).await;
    assert_nothing_moved(&system, &before).await;
    system.journal().assert_one_believer_at_a_time();
}
