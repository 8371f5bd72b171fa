//! A pod that cannot reach any orchestrator, or cannot hear them, while everything else goes on.

use std::time::Duration;

use conncentric::domain::adapter::LeaseTtl;
use conncentric::domain::lease;
use conncentric::time::since_boot;
use reqwest::Url;

use super::{SLACK, assert_sound, assert_takes_part_again, owned_by};
use crate::support::journal::Journal;
use crate::support::proxy::{Network, Proxy};
use crate::support::system::{Owners, System};
use crate::support::wait::{eventually, holds};

const TTL: Duration = Duration::from_secs(3);

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
    let mut remote = Remote::start(name).await;
    let asked = remote.set(network);
    let after = remote.system.until_off(TTL + SLACK, "remote").await;
    let journal = remote.system.journal();
    remote.assert_stopped_in_time(&journal, asked);
    for (session, owner) in remote.owned() {
        let last = journal.accepted(session, owner.token).pop().expect("it ran").at();
        assert!(journal.accepted(session, after[session].token)[0].at() >= last, "{session}");
    }

    remote.set(Network::OPEN);
    remote.system.pod("remote").line_with("was fenced").await;
    assert_takes_part_again(&remote.system, "remote").await;
    remote.system.journal().assert_one_believer_at_a_time();
    assert_sound(&remote.system).await;
}

/// I3, with a network that brings every heartbeat to the orchestrators and no answer back: they go on hearing the pod, but the
/// pod may not take that for granted.
#[tokio::test]
async fn a_pod_that_is_heard_but_hears_nothing_stops_before_its_deadline() {
    let mut remote = Remote::start("deaf_pod").await;
    let asked = remote.set(Network::DEAF);
    let count = remote.owned().count();
    eventually(TTL + SLACK, async || {
        let stopped = remote.system.journal().count("LOGOUT").len();
        holds(stopped == count, format!("{stopped} of {count} have stopped"))
    })
    .await;
    System::lasts(TTL).await;
    // What the pod says does arrive, so that people can see what is wrong.
    for view in remote.system.sessions().await.expect("answers") {
        let remote = remote.before[&view.session].pod() == "remote";
        let told = view.reason.as_deref().is_some_and(|reason| reason.contains("could not be renewed"));
        assert_eq!(remote, told, "{view:?}");
    }
    remote.assert_stopped_in_time(&remote.system.journal(), asked);

    remote.set(Network::OPEN);
    remote.system.until_active(SLACK).await;
    remote.system.journal().assert_one_believer_at_a_time();
    assert_sound(&remote.system).await;
}

/// A system with a pod that reaches its orchestrators through a network of our making, and runs sessions.
struct Remote {
    system: System,
    proxies: Vec<Proxy>,
    before: Owners,
}

impl Remote {
    async fn start(name: &str) -> Self {
        let mut system = System::start(name, 2, 1).await;
        let mut proxies = Vec::new();
        for address in system.addresses().to_vec() {
            proxies.push(Proxy::to(address).await);
        }
        let urls: Vec<Url> = proxies.iter().map(|proxy| format!("http://{}", proxy.address).parse().expect("a URL")).collect();
        system.add_pod("remote", &urls).await;
        let before = system.declare(&system.many_to_venue(4, TTL)).await;
        assert!(owned_by(&before, "remote") >= 2, "sessions are spread: {before:?}");
        Self { system, proxies, before }
    }

    /// Gives back a moment that every request answered so far began before, since boot.
    fn set(&mut self, network: Network) -> Duration {
        let asked = since_boot();
        for proxy in &self.proxies {
            proxy.set(network);
        }
        asked
    }

    fn owned(&self) -> impl Iterator<Item = (&conncentric::domain::name::SessionId, &crate::support::system::Owner)> {
        self.before.iter().filter(|(_, owner)| owner.pod() == "remote")
    }

    /// The pod had nobody to hear it from: it stopped by itself, and the venue never had to refuse it.
    fn assert_stopped_in_time(&self, journal: &Journal, asked: Duration) {
        journal.assert_one_believer_at_a_time();
        let ttl = LeaseTtl::from_millis(3000).expect("in bounds");
        let deadline = lease::trust_deadline(asked, ttl);
        for (session, owner) in self.owned() {
            let last = journal.accepted(session, owner.token).pop().expect("it ran").at();
            // Written before the deadline. The venue may be slow to read it, but not by all the margin that is left to expiry.
            assert!(last < deadline + lease::margin(ttl), "{session}: {last:?} is past {deadline:?}");
        }
    }
}
