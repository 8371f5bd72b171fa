//! Names and adapters in as few words as a run needs.

use crate::domain::adapter::{AdapterSpec, LeaseTtl, Mode, OnLeaseLoss, Placement};
use crate::domain::identity::AccessTokenId;
use crate::domain::name::{AdapterName, ConnectorName, Holder};

pub(super) fn access_token(digit: char) -> AccessTokenId {
    digit.to_string().repeat(16).parse().expect("an access token's id")
}

pub(super) fn connectors() -> Vec<ConnectorName> {
    vec!["tcp".parse().expect("a connector's name")]
}

pub(super) fn adapter(number: usize) -> AdapterName {
    format!("a{number}").parse().expect("an adapter's name")
}

pub(super) fn holder(name: usize, start: u64) -> Holder {
    let pod = format!("pod-{name}").parse().expect("a pod's name");
    Holder { pod, incarnation: start.to_string().parse().expect("an incarnation") }
}

/// Every fifth adapter has sessions of which there may be two, and that carry on without their lease.
pub(super) fn spec(number: usize, ttl_ms: u32) -> AdapterSpec {
    let shared = number % 5 == 4;
    AdapterSpec {
        connector: "tcp".parse().expect("a connector's name"),
        mode: if shared { Mode::LoadBalanced } else { Mode::Exclusive },
        replicas: if shared { 2 } else { 1 },
        lease_ttl_ms: LeaseTtl::from_millis(ttl_ms).expect("in bounds"),
        priority: AdapterSpec::DEFAULT_PRIORITY,
        placement: Placement::default(),
        on_lease_loss: if shared { OnLeaseLoss::Continue } else { OnLeaseLoss::Stop },
        artifacts: Vec::new(),
        settings: serde_json::Map::from_iter([("address".to_owned(), "venue:7001".into())]),
    }
}
