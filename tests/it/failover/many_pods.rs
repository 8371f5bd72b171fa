//! Outages for three times the leases, with as many pods as a large installation has (I7).
//! `cargo test --test it -- --ignored --nocapture two_hundred_pods` tries them, one after the other with `--test-threads 1`.

use std::time::{Duration, Instant};

use conncentric::domain::adapter::{Mode, OnLeaseLoss};

use super::assert_nothing_moved;
use super::database_outage::behind_a_proxy;
use crate::support::postgres::Database;
use crate::support::proxy::Network;
use crate::support::system::{Owners, System};
use crate::support::wait::{eventually, holds};

const PODS: usize = 200;
const TTL: Duration = Duration::from_secs(6);
/// So many processes take their time, to start above all.
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test]
#[ignore = "200 processes"]
async fn two_hundred_pods_outlive_an_outage_of_all_orchestrators() {
    let (mut system, before) = many_pods(Database::create("many_pods").await).await;
    for orchestrator in system.orchestrators() {
        orchestrator.kill().await;
    }
    they_stop_as_they_must(&system).await;
    for orchestrator in system.orchestrators() {
        orchestrator.start_again();
    }
    for orchestrator in system.orchestrators() {
        orchestrator.line_with("following the log").await;
    }
    they_run_where_they_ran(&system, &before, "the orchestrators were back").await;
}

#[tokio::test]
#[ignore = "200 processes"]
async fn two_hundred_pods_outlive_an_outage_of_the_database() {
    let (database, proxy) = behind_a_proxy("many_pods_cut_off").await;
    let (system, before) = many_pods(database).await;
    proxy.set(Network::CUT);
    they_stop_as_they_must(&system).await;
    proxy.set(Network::OPEN);
    they_run_where_they_ran(&system, &before, "the database was back").await;
}

/// Each with one session, of which every other one is exclusive.
async fn many_pods(database: Database) -> (System, Owners) {
    let mut system = System::start_on(database, 2).await;
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
    (system, before)
}

async fn they_stop_as_they_must(system: &System) {
    System::lasts(TTL * 3).await;
    assert_eq!(system.journal().count("LOGOUT").len(), PODS / 2, "exclusive sessions stop, and nothing else does");
}

/// No wave of takeovers.
async fn they_run_where_they_ran(system: &System, before: &Owners, since: &str) {
    let back = Instant::now();
    // The Portal's view of them is as old as what the pods said last, so the venue is asked.
    eventually(PATIENCE, async || {
        let logins: usize = system.journal().count("LOGIN").values().sum();
        holds(logins == PODS + PODS / 2, format!("{logins} logins"))
    })
    .await;
    println!("all {PODS} sessions run again {:.2} s after {since}", back.elapsed().as_secs_f64());
    system.until_active(PATIENCE).await;
    assert_nothing_moved(system, before).await;
    system.journal().assert_one_believer_at_a_time();
}
