//! What an orchestrator counts, in Prometheus' text format. Labels are bounded: no name of an adapter, session or pod.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::domain::event::ClaimKind;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StatusLabel {
    pub status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CodeLabel {
    pub code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KindLabel {
    pub kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    pub state: &'static str,
}

/// The kind of a claim as the log writes it.
#[must_use]
pub fn name_of(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Placement => "placement",
        ClaimKind::Request => "request",
        ClaimKind::Takeover => "takeover",
        ClaimKind::Handover => "handover",
    }
}

#[derive(Debug)]
pub struct Metrics {
    pub registry: Registry,
    pub heartbeats: Counter,
    /// From one heartbeat of a pod to its next.
    pub heartbeat_gap_seconds: Histogram,
    pub claims: Family<KindLabel, Counter>,
    pub expiries: Counter,
    pub refusals: Family<CodeLabel, Counter>,
    pub append_seconds: Histogram,
    pub batch_events: Histogram,
    pub conflicts: Counter,
    pub unknown_outcomes: Counter,
    pub reconnects: Counter,
    pub notifications_sent: Counter,
    pub wake_ups: Family<KindLabel, Counter>,
    /// Time of an expiry less the moment at which it was due.
    pub expiry_lag_seconds: Histogram,
    pub safety_margin_seconds: Histogram,
    pub streams: Gauge,
    pub sessions: Family<StatusLabel, Gauge>,
    pub enabled_sessions: Gauge,
    pub pods: Family<StateLabel, Gauge>,
    /// How old is what this orchestrator knows of the log.
    pub follower_lag_seconds: Gauge<f64, AtomicU64>,
    pub read_connections: Family<StateLabel, Gauge>,
    pub position: Gauge,
    pub epoch: Gauge,
    pub settling: Gauge,
    pub events_lost: Counter,
    pub connected: Gauge,
    pub connection_failed: Family<KindLabel, Gauge>,
}

impl Metrics {
    #[must_use]
    pub fn new() -> Self {
        let latency = || Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        let mut metrics = Self {
            registry: Registry::with_prefix("conncentric"),
            heartbeats: Counter::default(),
            // 50 ms, which is as often as pods heartbeat, to 100 s.
            heartbeat_gap_seconds: Histogram::new(exponential_buckets(0.05, 2.0, 12)),
            claims: Family::default(),
            expiries: Counter::default(),
            refusals: Family::default(),
            append_seconds: latency(),
            batch_events: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            conflicts: Counter::default(),
            unknown_outcomes: Counter::default(),
            reconnects: Counter::default(),
            notifications_sent: Counter::default(),
            wake_ups: Family::default(),
            expiry_lag_seconds: latency(),
            safety_margin_seconds: latency(),
            streams: Gauge::default(),
            sessions: Family::default(),
            enabled_sessions: Gauge::default(),
            pods: Family::default(),
            follower_lag_seconds: Gauge::default(),
            read_connections: Family::default(),
            position: Gauge::default(),
            epoch: Gauge::default(),
            settling: Gauge::default(),
            events_lost: Counter::default(),
            connected: Gauge::default(),
            connection_failed: Family::default(),
        };
        metrics.register();
        metrics.begin_at_zero();
        metrics
    }

    /// What has not happened yet is 0, not absent: Prometheus sees no increase in a series that begins with 1.
    fn begin_at_zero(&self) {
        for kind in ["placement", "request", "takeover", "handover"] {
            drop(self.claims.get_or_create(&KindLabel { kind }));
        }
        for kind in ["notification", "poll"] {
            drop(self.wake_ups.get_or_create(&KindLabel { kind }));
        }
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("heartbeats", "Heartbeats recorded by this orchestrator", self.heartbeats.clone());
        registry.register_with_unit(
            "heartbeat_gap",
            "Time from one heartbeat of a pod to its next",
            Unit::Seconds,
            self.heartbeat_gap_seconds.clone(),
        );
        registry.register("claims", "Sessions claimed, as seen in the log, by kind", self.claims.clone());
        registry.register("lease_expiries", "Leases that expired, as seen in the log", self.expiries.clone());
        registry.register("refusals", "Requests refused, by code", self.refusals.clone());
        registry.register_with_unit("append", "Time of one append to the log", Unit::Seconds, self.append_seconds.clone());
        registry.register("batch_events", "Ledger events and heartbeats in one append", self.batch_events.clone());
        registry.register("append_conflicts", "Appends that lost a race and were decided again", self.conflicts.clone());
        registry.register("unknown_outcomes", "Appends whose connection broke before the answer came", self.unknown_outcomes.clone());
        registry.register("database_reconnects", "Connections to the log that were opened again", self.reconnects.clone());
        registry.register("notifications_sent", "NOTIFY sent", self.notifications_sent.clone());
        registry.register("wake_ups", "Reads of the log that were woken by a notification or a poll", self.wake_ups.clone());
        registry.register_with_unit(
            "expiry_lag",
            "Time of an expiry less the moment at which it was due",
            Unit::Seconds,
            self.expiry_lag_seconds.clone(),
        );
        registry.register_with_unit(
            "safety_margin",
            "How long before its expiry the owner had to stop",
            Unit::Seconds,
            self.safety_margin_seconds.clone(),
        );
        registry.register("pod_streams", "Streams of pods that are open here", self.streams.clone());
        registry.register("sessions", "Sessions by operational status", self.sessions.clone());
        registry.register("enabled_sessions", "Sessions of adapters that are enabled", self.enabled_sessions.clone());
        registry.register("pods", "Pods that are registered, by whether they take sessions", self.pods.clone());
        registry.register_with_unit(
            "follower_lag",
            "Time since this orchestrator knew the whole log",
            Unit::Seconds,
            self.follower_lag_seconds.clone(),
        );
        registry.register("read_connections", "Connections for queries of people, by state", self.read_connections.clone());
        registry.register("log_position", "Position of the last event that was folded", self.position.clone());
        registry.register("log_epoch", "Epoch of the log", self.epoch.clone());
        registry.register("epoch_settling", "1 while sessions without an owner wait because a new epoch began", self.settling.clone());
        registry.register(
            "events_lost",
            "Ledger events that this orchestrator had seen and the database has lost",
            self.events_lost.clone(),
        );
        registry.register("database_connected", "1 while this orchestrator can append", self.connected.clone());
        registry.register(
            "database_connection_failed",
            "1 while connections of this kind cannot be opened or used",
            self.connection_failed.clone(),
        );
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
