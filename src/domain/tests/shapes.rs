//! Names, adapters and pods in as few words as a test needs.

use crate::domain::adapter::{AdapterSpec, Labels, LeaseTtl, Mode, OnLeaseLoss, Placement};
use crate::domain::command::Register;
use crate::domain::content::{Content, ContentHash};
use crate::domain::identity::AccessTokenId;
use crate::domain::name::{AdapterName, ArtifactName, ConnectorName, Holder, PluginName, PodName, SessionId};
use crate::domain::plugin::PluginFacts;
use crate::domain::token::{Epoch, FencingToken, Position};

/// The lease timeout of adapters that do not say otherwise, in milliseconds.
pub(crate) const TTL: u32 = 5_000;

pub(crate) fn adapter(name: &str) -> AdapterName {
    name.parse().expect("an adapter's name")
}

pub(crate) fn artifact(name: &str) -> ArtifactName {
    name.parse().expect("an artifact's name")
}

pub(crate) fn plugin_name(name: &str) -> PluginName {
    name.parse().expect("a plugin's name")
}

/// A plugin for one platform, `linux-x86_64`, whose settings may be anything.
pub(crate) fn plugin_facts(version: &str, connector: &str) -> PluginFacts {
    let descriptor = serde_json::json!({ "connector": connector, "description": "", "settings_schema": {} });
    PluginFacts {
        version: version.parse().expect("a version"),
        descriptor: serde_json::from_value(descriptor).expect("a descriptor"),
        platforms: [("linux-x86_64".to_owned(), "run".to_owned())].into(),
        licence: "MIT".into(),
    }
}

/// Some content, told apart by a digit.
pub(crate) fn content(digit: u8) -> Content {
    Content { sha256: ContentHash::new([digit; 32]), size: 100 }
}

/// `a/0`
pub(crate) fn session(id: &str) -> SessionId {
    id.parse().expect("a session's id")
}

pub(crate) fn pod_name(name: &str) -> PodName {
    name.parse().expect("a pod's name")
}

/// `pod-1#2` is the start 2 of pod-1; `pod-1` alone is its start 1.
pub(crate) fn holder(text: &str) -> Holder {
    let (pod, incarnation) = text.split_once('#').unwrap_or((text, "1"));
    Holder { pod: pod_name(pod), incarnation: incarnation.parse().expect("an incarnation") }
}

/// The token of the claim at this position in the first epoch.
pub(crate) fn token(position: Position) -> FencingToken {
    FencingToken::new(Epoch(1), position).expect("a token")
}

pub(crate) fn access_token(digit: char) -> AccessTokenId {
    digit.to_string().repeat(16).parse().expect("an access token's id")
}

pub(crate) fn ttl(millis: u32) -> LeaseTtl {
    LeaseTtl::from_millis(millis).expect("a timeout in bounds")
}

/// One session, never two owners; connector `tcp`, one unit, priority 100.
pub(crate) fn exclusive() -> AdapterSpec {
    AdapterSpec {
        connector: connector("tcp"),
        mode: Mode::Exclusive,
        replicas: 1,
        lease_ttl_ms: ttl(TTL),
        priority: AdapterSpec::DEFAULT_PRIORITY,
        placement: Placement::default(),
        on_lease_loss: OnLeaseLoss::Stop,
        artifacts: Vec::new(),
        settings: serde_json::Map::from_iter([("address".to_owned(), "venue:7001".into())]),
    }
}

pub(crate) fn single() -> AdapterSpec {
    AdapterSpec { mode: Mode::Single, ..exclusive() }
}

pub(crate) fn load_balanced(replicas: u16) -> AdapterSpec {
    AdapterSpec { mode: Mode::LoadBalanced, replicas, ..exclusive() }
}

pub(crate) fn connector(name: &str) -> ConnectorName {
    name.parse().expect("a connector's name")
}

/// Adapters that differ from [`exclusive`] in one thing or two.
pub(crate) trait Variation {
    fn ttl(self, millis: u32) -> Self;
    fn priority(self, priority: i32) -> Self;
    fn units(self, units: u32) -> Self;
    fn label(self, key: &str, value: &str) -> Self;
    fn connector(self, name: &str) -> Self;
    fn artifacts(self, references: &[&str]) -> Self;
}

impl Variation for AdapterSpec {
    fn ttl(mut self, millis: u32) -> Self {
        self.lease_ttl_ms = ttl(millis);
        self
    }

    fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    fn units(mut self, units: u32) -> Self {
        self.placement.capacity = units;
        self
    }

    fn label(mut self, key: &str, value: &str) -> Self {
        self.placement.labels.insert(key.into(), value.into());
        self
    }

    fn connector(mut self, name: &str) -> Self {
        self.connector = connector(name);
        self
    }

    fn artifacts(mut self, references: &[&str]) -> Self {
        self.artifacts = references.iter().map(|reference| (*reference).to_owned()).collect();
        self
    }
}

/// One start of a pod as it registers: room for 8 units, connector `tcp`, no labels.
pub(crate) fn pod(text: &str) -> Register {
    Register {
        holder: holder(text),
        capacity: 8,
        labels: Labels::new(),
        connectors: vec![connector("tcp")],
        platform: None,
        access_token: access_token('a'),
    }
}

pub(crate) trait PodVariation {
    fn room(self, capacity: u32) -> Self;
    fn label(self, key: &str, value: &str) -> Self;
    fn connector(self, name: &str) -> Self;
    fn with_token(self, digit: char) -> Self;
    fn platform(self, platform: &str) -> Self;
}

impl PodVariation for Register {
    fn room(mut self, capacity: u32) -> Self {
        self.capacity = capacity;
        self
    }

    fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    fn connector(mut self, name: &str) -> Self {
        self.connectors.push(connector(name));
        self
    }

    fn with_token(mut self, digit: char) -> Self {
        self.access_token = access_token(digit);
        self
    }

    fn platform(mut self, platform: &str) -> Self {
        self.platform = Some(platform.to_owned());
        self
    }
}
