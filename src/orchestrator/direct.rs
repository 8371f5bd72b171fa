//! One command straight on the database, for those who hold its keys: the first access token comes to be this way.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Orchestrator;
use super::request::{Actor, Done, Failure, Submission};
use crate::domain::command::Command;
use crate::log::{Connection, LogError, Purpose, check_schema, session_user};
use crate::trace::Traces;

/// Why a direct command is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Runs an orchestrator without HTTP for as long as one command takes. `actor` says who, as far as the database knows.
pub async fn execute(database_url: &str, command: Command) -> Result<Done, DirectError> {
    // First, so that an unsuitable database is told at once and not after a time-out.
    let connection = Connection::open(database_url, Purpose::Append).await?;
    check_schema(&connection).await?;
    let user = session_user(&connection).await?;
    drop(connection);

    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    let mut tasks = JoinSet::new();
    let orchestrator = Orchestrator::start("direct".into(), database_url.to_owned(), Traces::default(), &mut tasks, &shutdown);
    let actor = Actor { name: format!("{user} via database"), access_token: None };
    let submission = Submission { command, actor, request_id: Uuid::now_v7() };
    // The core answers "unavailable" until it has connected, which it begins by itself.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(10), orchestrator.connected()).await;
    Ok(orchestrator.submit(submission).await?)
}
