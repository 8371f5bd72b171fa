//! Orchestrators that cannot reach their database for longer than the leases last.

use std::time::Duration;

use super::{SLACK, assert_nothing_moved};
use crate::support::postgres::Database;
use crate::support::proxy::{Network, Proxy};
use crate::support::system::System;
use crate::support::wait::{eventually, holds};

/// I7, when the server is gone.
#[tokio::test]
async fn an_outage_of_the_database_longer_than_the_leases_moves_nothing() {
    a_database_out_of_reach_moves_nothing("database_cut_off", Network::CUT).await;
}

/// I7, when the server merely does not answer, and carries out late what it was sent.
#[tokio::test]
async fn a_database_that_falls_silent_for_longer_than_the_leases_moves_nothing() {
    a_database_out_of_reach_moves_nothing("database_silent", Network::SILENT).await;
}

/// A database to which orchestrators get only through a proxy.
pub(super) async fn behind_a_proxy(name: &str) -> (Database, Proxy) {
    let mut database = Database::create(name).await;
    let (credentials, place) = database.app_url.split_once('@').expect("a URL with credentials");
    let (server, name) = place.split_once('/').expect("a URL with a database");
    let proxy = Proxy::to(server.parse().expect("an address")).await;
    database.app_url = format!("{credentials}@{}/{name}", proxy.address);
    (database, proxy)
}

async fn a_database_out_of_reach_moves_nothing(name: &str, network: Network) {
    let ttl = Duration::from_secs(2);
    let (database, proxy) = behind_a_proxy(name).await;
    let mut system = System::start_on(database, 2).await;
    let urls = system.urls();
    for pod in ["pod-1", "pod-2"] {
        system.add_pod(pod, &urls).await;
    }
    let before = system.declare(&system.many_to_venue(4, ttl)).await;

    proxy.set(network);
    eventually(ttl + SLACK, async || {
        let stopped = system.journal().count("LOGOUT").len();
        holds(stopped == before.len(), format!("{stopped} of {} have stopped", before.len()))
    })
    .await;
    System::lasts(ttl).await;
    proxy.set(Network::OPEN);
    system.until_heard(&["pod-1", "pod-2"], 2).await;
    assert_nothing_moved(&system, &before).await;
    system.journal().assert_one_believer_at_a_time();
}
