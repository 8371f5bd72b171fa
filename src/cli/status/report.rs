//! The whole in numbers and concerns: what `-o json` prints and the screen draws. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::attention::{Concern, Level, concerns};
use super::gather::{Asked, Fleet, Gathered};
use crate::domain::name::AdapterName;
use crate::domain::status::OperationalStatus;
use crate::wire::status::{DatabaseServer, StatusView};

#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether nothing needs attention.
    pub(super) well: bool,
    pub(super) orchestrators: Vec<OrchestratorReport>,
    /// As one that is ready tells it; absent if none is.
    pub(super) database: Option<DatabaseReport>,
    /// How many by status, absent if no orchestrator answers.
    pub(super) adapters: Option<Counts>,
    pub(super) sessions: Option<Counts>,
    pub(super) pods: Option<PodReport>,
    /// Adapters that the end of the maintenance will enable; none if there is no maintenance.
    pub(super) maintenance: Vec<AdapterName>,
    pub(super) attention: Vec<Concern>,
    /// What to do first, if anything needs attention.
    pub(super) next: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct OrchestratorReport {
    pub(super) url: String,
    /// `READY`, `NOT READY` or `NO ANSWER`.
    pub(super) state: &'static str,
    #[serde(flatten)]
    pub(super) status: Option<StatusView>,
}

#[derive(Debug, Serialize)]
pub(super) struct DatabaseReport {
    pub(super) epoch: i32,
    pub(super) settling: bool,
    pub(super) position: i64,
    /// Absent if the database did not say in time.
    #[serde(flatten)]
    pub(super) server: Option<DatabaseServer>,
}

pub(super) type Counts = BTreeMap<&'static str, usize>;

#[derive(Debug, Serialize)]
pub(super) struct PodReport {
    /// `READY`, `DRAINING` and `SILENT`.
    pub(super) states: Counts,
    /// Units of capacity, and how many of them are in use.
    pub(super) capacity: u64,
    pub(super) used: u64,
}

impl Report {
    pub(super) fn of(gathered: Gathered) -> Self {
        let attention = concerns(&gathered);
        let Gathered { orchestrators, fleet } = gathered;
        let ready = orchestrators.iter().filter_map(|asked| asked.answer.as_ref().ok()).find(|status| status.readiness.ready);
        let fleet = fleet.as_ref();
        Self {
            well: attention.iter().all(|concern| concern.level == Level::Note),
            database: ready.map(database),
            adapters: fleet.map(|fleet| by_status(fleet.adapters.iter().map(|adapter| adapter.status))),
            sessions: fleet.map(|fleet| by_status(fleet.sessions.iter().map(|session| session.status))),
            pods: fleet.map(pods),
            maintenance: fleet.map(|fleet| fleet.maintained.clone()).unwrap_or_default(),
            next: attention.first().filter(|concern| concern.level != Level::Note).map(|concern| concern.next.clone()),
            attention,
            orchestrators: orchestrators.into_iter().map(orchestrator).collect(),
        }
    }

    /// What needs attention, as opposed to what somebody wanted so.
    pub(super) fn troubles(&self) -> impl Iterator<Item = &Concern> {
        self.attention.iter().filter(|concern| concern.level != Level::Note)
    }

    /// The trouble in one line.
    pub(super) fn trouble(&self) -> String {
        let count = self.troubles().count();
        let needs = if count == 1 { "thing needs" } else { "things need" };
        let first = self.troubles().next().map(|first| format!(", first {}: {}", first.about, first.reason));
        format!("{count} {needs} attention{}", first.unwrap_or_default())
    }
}

fn orchestrator(asked: Asked) -> OrchestratorReport {
    let status = asked.answer.ok();
    let state = match &status {
        Some(status) if status.readiness.ready => "READY",
        Some(_) => "NOT READY",
        None => "NO ANSWER",
    };
    OrchestratorReport { url: asked.url.as_str().trim_end_matches('/').to_owned(), state, status }
}

fn database(status: &StatusView) -> DatabaseReport {
    let readiness = &status.readiness;
    DatabaseReport { epoch: readiness.epoch.0, settling: readiness.settling, position: readiness.position, server: status.server.clone() }
}

fn by_status(statuses: impl Iterator<Item = OperationalStatus>) -> Counts {
    use OperationalStatus::{Active, Claiming, Error, Inactive};
    let mut counts: Counts = [Active, Claiming, Error, Inactive].map(|status| (status.as_str(), 0)).into();
    for status in statuses {
        *counts.entry(status.as_str()).or_default() += 1;
    }
    counts
}

fn pods(fleet: &Fleet) -> PodReport {
    let mut states: Counts = [("READY", 0), ("DRAINING", 0), ("SILENT", 0)].into();
    let (mut capacity, mut used) = (0, 0);
    for pod in &fleet.pods {
        // One that another process of its name has replaced is on its way out.
        if let Some(count) = states.get_mut(pod.status.as_str()) {
            *count += 1;
            capacity += u64::from(pod.capacity);
            used += u64::from(pod.used);
        }
    }
    PodReport { states, capacity, used }
}
