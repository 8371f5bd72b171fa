//! What a pod counts about itself.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::domain::status::OperationalStatus;

/// Shared by the pod's tasks; registered once.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    pub(super) heartbeats_sent: Counter,
    pub(super) heartbeats_failed: Counter,
    pub(super) fencings: Counter,
    pub(super) self_fencings: Counter,
    pub(super) unrenewed: Gauge,
    pub(super) connector_restarts: Counter,
    pub(super) sessions: Family<Status, Gauge>,
    pub(super) trust_left: Gauge<f64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Status {
    status: &'static str,
}

impl Metrics {
    pub(super) fn register(&self) -> Registry {
        let mut registry = Registry::with_prefix("conncentric_pod");
        registry.register("heartbeats_sent", "Heartbeat requests", self.heartbeats_sent.clone());
        registry.register("heartbeats_failed", "Heartbeat requests without a good answer", self.heartbeats_failed.clone());
        registry.register("fencings", "Sessions stopped because their lease was lost", self.fencings.clone());
        registry.register("self_fencings", "Sessions stopped because their lease could not be renewed in time", self.self_fencings.clone());
        registry.register("unrenewed_sessions", "Sessions that carry on although their lease was not renewed", self.unrenewed.clone());
        registry.register("connector_restarts", "Connectors that ended by themselves", self.connector_restarts.clone());
        registry.register("sessions", "Sessions by operational status", self.sessions.clone());
        registry.register(
            "trust_left_seconds",
            "Time until the first lease is trusted no more, if none is renewed",
            self.trust_left.clone(),
        );
        registry
    }

    pub(super) fn count_sessions(&self, statuses: impl Iterator<Item = OperationalStatus>) {
        use OperationalStatus::{Active, Claiming, Error, Inactive};
        let statuses: Vec<_> = statuses.collect();
        for status in [Inactive, Claiming, Active, Error] {
            let count = statuses.iter().filter(|known| **known == status).count();
            self.sessions.get_or_create(&Status { status: status.as_str() }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
