//! The envelopes that the API puts round its lists.

use serde::{Deserialize, Serialize};

use crate::wire::access_token::AccessTokenView;
use crate::wire::adapter::AdapterView;
use crate::wire::pod::PodView;
use crate::wire::session::{OwnershipView, SessionView};

#[derive(Debug, Deserialize)]
pub(super) struct AdapterList {
    pub(super) adapters: Vec<AdapterView>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SessionList {
    pub(super) sessions: Vec<SessionView>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OwnershipList {
    pub(super) ownerships: Vec<OwnershipView>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PodList {
    pub(super) pods: Vec<PodView>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AccessTokenList {
    pub(super) tokens: Vec<AccessTokenView>,
}
