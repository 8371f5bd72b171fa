//! A pod that cannot reach any orchestrator, while everything else can.

use std::time::Duration;

use conncentric::domain::adapter::LeaseTtl;
use conncentric::domain::lease;
use conncentric::time::since_boot;
use reqwest::Url;

use super::{SLACK, assert_sound, assert_takes_part_again, owned_by};
use crate::support::proxy::{Network, Proxy};
use crate::support::system::System;

/// I3, with a network that loses everything and says nothing.
#[tokio::test]
async fn a_pod_behind_a_silent_network_stops_before_its_deadline() {
    a_cut_off_pod_stops_before_its_deadline("silent_network", Network::SILENT).await;
}

/// I3, with a network that closes every connection.
#[tokio::test]
async fn a_pod_behind_a_severed_network_stops_before_its_deadline() {
    a_cut_off_pod_stops_before_its_deadline("severed_network", Network::CUT).await;
}

async fn a_cut_off_pod_stops_before_its_deadline(name: &str, network: Network) {
    let ttl = Duration::from_secs(3);
    let mut system = System::start(name, 2, 1).await;
    let mut proxies = Vec::new();
    for address in system.addresses().to_vec() {
        proxies.push(Proxy::to(address).await);
    }
    let urls: Vec<Url> = proxies.iter().map(|proxy| format!("http://{}", proxy.address).parse().expect("a URL")).collect();
    system.add_pod("remote", &urls).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    assert!(owned_by(&before, "remote") >= 2, "sessions are spread: {before:?}");

    // Whatever was answered was asked before this moment.
    let asked = since_boot();
    proxies.iter().for_each(|proxy| proxy.set(network));
    let after = system.until_off(ttl + SLACK, "remote").await;

    let ttl = LeaseTtl::from_millis(3000).expect("in bounds");
    let deadline = lease::trust_deadline(asked, ttl);
    let journal = system.journal();
    // The pod had nobody to hear it from: it stopped by itself, and the venue never had to refuse it.
    journal.assert_one_believer_at_a_time();
    for (session, owner) in before.iter().filter(|(_, owner)| owner.pod() == "remote") {
        let last = journal.accepted(session, owner.token).last().expect("it ran").at();
        let first = journal.accepted(session, after[session].token).first().expect("it runs again").at();
        // Written before the deadline; the venue may be slow to read it, but not by the margin that there is to expiry.
        assert!(last < deadline + lease::margin(ttl), "{session}: {last:?} is past {deadline:?}");
        assert!(first >= last, "{session}");
    }

    proxies.iter().for_each(|proxy| proxy.set(Network::OPEN));
    system.pod("remote").line_with("was fenced").await;
    assert_takes_part_again(&system, "remote").await;
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
}
