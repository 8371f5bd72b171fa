//! The fleet as a reader asks to see it: as it is, or with `?at=` as it was.
//!
//! The past comes from the projections of history, through the same views as the present. What only an orchestrator of that
//! moment could know is left out of it: when a pod was last heard of, and who would have been next.

use std::sync::Arc;

use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::problem::ApiError;
use super::{App, views};
use crate::domain::fleet::{Adapter, Fleet, Registration, Session};
use crate::domain::name::{AdapterName, RegistrationId, SessionId};
use crate::domain::token::Position;
use crate::log::{At, InvalidAt, Moment, OutOfHistory, load_fleet_at, locate, read_extent};
use crate::orchestrator::receipt::Receipts;
use crate::orchestrator::sight::Sight;
use crate::orchestrator::snapshot::Snapshot;
use crate::time::wall_clock;
use crate::wire::adapter::AdapterView;
use crate::wire::pod::PodView;
use crate::wire::session::SessionView;

/// The query of routes that can look back.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtQuery {
    /// As it was then: a time of RFC 3339 or a position of the log. Left out: now.
    #[param(example = "2026-01-31T12:00:00Z")]
    at: Option<String>,
}

impl AtQuery {
    /// For routes that take more than the moment.
    pub(crate) fn of(at: Option<String>) -> Self {
        Self { at }
    }

    /// The moment that is asked for, if one is.
    pub(crate) fn moment(&self) -> Result<Option<At>, ApiError> {
        self.at.as_deref().map(moment).transpose()
    }
}

/// The moment that a text names.
pub(crate) fn moment(text: &str) -> Result<At, ApiError> {
    text.parse().map_err(|invalid: InvalidAt| ApiError::invalid("at", invalid.to_string()))
}

impl From<OutOfHistory> for ApiError {
    fn from(error: OutOfHistory) -> Self {
        Self::invalid("at", error.to_string())
    }
}

/// What a reader sees.
#[derive(Debug)]
pub(crate) struct Scene {
    snapshot: Arc<Snapshot>,
    past: bool,
}

impl App {
    /// The fleet now, or at the moment that the query names.
    pub(crate) async fn look(&self, query: &AtQuery) -> Result<Scene, ApiError> {
        let Some(at) = query.moment()? else {
            return Ok(Scene { snapshot: self.read(), past: false });
        };
        let (moment, fleet) = self.look_back(at).await?;
        // Sight that has just begun has seen no silence, which is what the log alone can say.
        let snapshot = Snapshot { fleet, sight: Sight::begin(Instant::now()), position: moment.position, receipts: Receipts::new(&[]) };
        Ok(Scene { snapshot: Arc::new(snapshot), past: true })
    }

    /// Where a moment is in the log.
    pub(crate) async fn locate(&self, at: At) -> Result<Moment, ApiError> {
        let extent = self.reader.query(read_extent).await?;
        at.within(&extent)?;
        self.reader.query(async |connection| locate(connection, at, &extent).await).await
    }

    /// The position of the moment that the query names, if it names one.
    pub(crate) async fn position_at(&self, query: &AtQuery) -> Result<Option<Position>, ApiError> {
        match query.moment()? {
            Some(at) => Ok(Some(self.locate(at).await?.position)),
            None => Ok(None),
        }
    }

    /// The fleet at a moment, from the projections of history.
    pub(crate) async fn look_back(&self, at: At) -> Result<(Moment, Fleet), ApiError> {
        let moment = self.locate(at).await?;
        let fleet = self.reader.query(async |connection| load_fleet_at(connection, &moment).await).await?;
        Ok((moment, fleet))
    }
}

impl Scene {
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.snapshot.fleet
    }

    /// The position that it is true at. Of the present it may be a few pulses old.
    pub(crate) fn position(&self) -> Position {
        self.snapshot.position
    }

    pub(crate) fn adapter(&self, name: &AdapterName, adapter: &Adapter) -> AdapterView {
        views::adapter(&self.snapshot, name, adapter)
    }

    pub(crate) fn session(&self, id: &SessionId, session: &Session) -> Option<SessionView> {
        let view = views::session(&self.snapshot, id, session)?;
        Some(if self.past { SessionView { next_owner: None, lease_age_ms: None, ..view } } else { view })
    }

    pub(crate) fn pod(&self, id: RegistrationId, registration: &Registration) -> PodView {
        let view = views::pod(&self.snapshot, id, registration, wall_clock());
        if self.past { PodView { last_heartbeat_ms_ago: None, last_heartbeat_at: None, ..view } } else { view }
    }
}
