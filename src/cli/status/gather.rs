//! What the screen is made of, asked of every orchestrator that is named and of whichever answers.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Url;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::cli::lists::{AdapterList, PodList, SessionList};
use crate::cli::server::{Api, ServerArgs};
use crate::client::Error;
use crate::domain::name::AdapterName;
use crate::wire::adapter::AdapterView;
use crate::wire::maintenance::MaintenanceAnswer;
use crate::wire::pod::PodView;
use crate::wire::session::SessionView;
use crate::wire::status::StatusView;

/// Longest wait for an orchestrator to say how it is. Shorter than for work: one that takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(5);

/// One orchestrator, and what it says of itself, or why there is no answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) url: Url,
    pub(super) answer: Result<StatusView, String>,
}

/// What one of them knows of the fleet.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) adapters: Vec<AdapterView>,
    pub(super) sessions: Vec<SessionView>,
    pub(super) pods: Vec<PodView>,
    /// What the end of the maintenance will enable.
    pub(super) maintained: Vec<AdapterName>,
}

#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) orchestrators: Vec<Asked>,
    /// Nothing if no orchestrator answers.
    pub(super) fleet: Option<Fleet>,
}

/// Asks everybody.
///
/// # Errors
/// Fails if the access token is refused: then nothing is known.
pub(super) async fn gather(server: &ServerArgs) -> anyhow::Result<Gathered> {
    let each = server.connect_each()?;
    let asked = join_all(each.iter().map(|(_, api)| ask(api))).await;
    let mut orchestrators = Vec::new();
    for ((url, _), answer) in each.iter().zip(asked) {
        let answer = match answer {
            Err(Error::Refused(problem)) if matches!(problem.status, 401 | 403) => return Err(Error::Refused(problem).into()),
            Err(error) => Err(error.to_string()),
            Ok(answer) => answer,
        };
        orchestrators.push(Asked { url: url.clone(), answer });
    }
    // One that follows the log knows more than one that has lost it.
    let best = |ready: bool| {
        let fits = move |asked: &Asked| asked.answer.as_ref().is_ok_and(|status| status.readiness.ready || !ready);
        orchestrators.iter().position(fits).and_then(|at| each.get(at))
    };
    let fleet = match best(true).or_else(|| best(false)) {
        Some((_, api)) => Some(fleet(api).await?),
        None => None,
    };
    Ok(Gathered { orchestrators, fleet })
}

async fn ask(api: &Api) -> Result<Result<StatusView, String>, Error> {
    match timeout(PATIENCE, api.get("/v1/status")).await {
        Ok(answer) => answer.map(Ok),
        Err(_) => Ok(Err(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

async fn fleet(api: &Api) -> Result<Fleet, Error> {
    Ok(Fleet {
        adapters: read::<AdapterList>(api, "/v1/adapters").await?.adapters,
        sessions: read::<SessionList>(api, "/v1/sessions").await?.sessions,
        pods: read::<PodList>(api, "/v1/pods").await?.pods,
        maintained: read::<MaintenanceAnswer>(api, "/v1/maintenance").await?.adapters,
    })
}

async fn read<T: DeserializeOwned>(api: &Api, path: &str) -> Result<T, Error> {
    api.get(path).await
}
