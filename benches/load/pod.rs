//! A pod as the orchestrator sees it: registers, and heartbeats with all its leases, one heartbeat in flight.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use conncentric::domain::name::{Holder, Incarnation, RegistrationId, SessionId};
use conncentric::domain::status::OperationalStatus;
use conncentric::domain::token::{Epoch, FencingToken};
use conncentric::wire::pod::{
    ClaimAnswer, ClaimRequest, HeartbeatAnswer, HeartbeatRequest, HeldLease, LeaseReport, RegisterAnswer, RegisterRequest, ReleaseRequest,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::drive::Client;
use super::wire::Wire;

/// Heartbeats within which a pod that there is something for must hear of it.
const MOST_BEATS: usize = 1000;

/// A heartbeat has 256 KiB at most.
const MOST_REPORTED: usize = 1000;

#[derive(Debug)]
pub(crate) struct Pod {
    wire: Wire,
    pub registration: RegistrationId,
    request: HeartbeatRequest,
}

/// What a pod takes from the answer to a heartbeat. The rest is read over.
#[derive(Deserialize)]
struct Renewed<'a> {
    epoch: Epoch,
    #[serde(borrow)]
    receipt: Cow<'a, str>,
    leases: Vec<IgnoredAny>,
    fenced: Vec<IgnoredAny>,
}

impl Pod {
    /// Registers under a label of its own name besides `labels`, and takes the leases that it is given as ACTIVE ones.
    pub(crate) async fn register(
        address: SocketAddr,
        token: &str,
        name: &str,
        capacity: u32,
        labels: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut wire = Wire::open(address, token).await?;
        let labels: BTreeMap<String, String> = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let incarnation: Incarnation = Uuid::new_v4().to_string().parse()?;
        let register =
            RegisterRequest { pod: name.parse()?, incarnation, capacity, labels, connectors: vec!["tcp".parse()?], platform: None };
        let answer: RegisterAnswer = serde_json::from_slice(wire.post("/v1/pods", &register).await?)?;
        let leases = answer.leases.into_iter().map(|lease| report(lease.session, lease.token)).collect();
        let RegisterRequest { pod, incarnation, .. } = register;
        let request = HeartbeatRequest { pod, incarnation, sequence: 0, epoch: Some(answer.as_of.epoch), receipt: None, leases };
        Ok(Self { wire, registration: answer.registration, request })
    }

    pub(crate) fn holder(&self) -> Holder {
        Holder { pod: self.request.pod.clone(), incarnation: self.request.incarnation.clone() }
    }

    pub(crate) fn leases(&self) -> usize {
        self.request.leases.len()
    }

    /// Its only lease.
    pub(crate) fn lease(&self) -> anyhow::Result<HeldLease> {
        let lease = self.request.leases.first().context("the pod has got no session")?;
        Ok(HeldLease { session: lease.session.clone(), token: lease.token })
    }

    /// One of its sessions falls ill or recovers, which its next heartbeat says.
    pub(crate) fn change(&mut self, session: usize) {
        if let Some(lease) = self.request.leases.get_mut(session) {
            let ill = lease.status == OperationalStatus::Error;
            lease.status = if ill { OperationalStatus::Active } else { OperationalStatus::Error };
            lease.reason = (!ill).then(|| "connection reset".to_owned());
        }
    }

    pub(crate) async fn beat(&mut self) -> anyhow::Result<()> {
        self.request.sequence += 1;
        let answer = self.wire.post("/v1/heartbeats", &self.request).await?;
        let renewed: Renewed = serde_json::from_slice(answer)?;
        ensure!(renewed.leases.len() >= self.request.leases.len() && renewed.fenced.is_empty(), "{} lost a lease", self.request.pod);
        self.request.epoch = Some(renewed.epoch);
        self.request.receipt = Some(renewed.receipt.into_owned());
        Ok(())
    }

    /// Heartbeats until it owns so many sessions: what is placed by another append than its registration, it hears of later. It reports
    /// as many of them as fit into a heartbeat; the others are renewed as well.
    ///
    /// # Errors
    /// Fails if it gets no more.
    pub(crate) async fn until_leased(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..MOST_BEATS {
            if self.request.leases.len() >= count.min(MOST_REPORTED) {
                return Ok(());
            }
            self.request.sequence += 1;
            let answer: HeartbeatAnswer = serde_json::from_slice(self.wire.post("/v1/heartbeats", &self.request).await?)?;
            self.request.epoch = Some(answer.as_of.epoch);
            if answer.leases.len() >= count {
                self.request.leases.extend(answer.missed.into_iter().take(MOST_REPORTED).map(|lease| report(lease.session, lease.token)));
            }
        }
        bail!("{} has {} sessions, and not {count}", self.request.pod, self.request.leases.len())
    }

    /// Claims sessions by name; all of them must be granted.
    pub(crate) async fn claim(&mut self, sessions: &[SessionId]) -> anyhow::Result<Vec<HeldLease>> {
        let Holder { pod, incarnation } = self.holder();
        let claim = ClaimRequest { pod, incarnation, request_id: Uuid::now_v7(), sessions: sessions.to_vec() };
        let answer: ClaimAnswer = serde_json::from_slice(self.wire.post("/v1/claims", &claim).await?)?;
        ensure!(answer.granted.len() == sessions.len(), "not granted: {:?}", answer.refused);
        Ok(answer.granted.into_iter().map(|grant| HeldLease { session: grant.session, token: grant.token }).collect())
    }

    pub(crate) async fn release(&mut self, sessions: Vec<HeldLease>) -> anyhow::Result<()> {
        let Holder { pod, incarnation } = self.holder();
        self.wire.post("/v1/releases", &ReleaseRequest { pod, incarnation, sessions }).await?;
        Ok(())
    }
}

impl Client for Pod {
    async fn step(&mut self) -> anyhow::Result<()> {
        self.beat().await
    }
}

fn report(session: SessionId, token: FencingToken) -> LeaseReport {
    LeaseReport { session, token, status: OperationalStatus::Active, reason: None, trusted: true }
}
