//! The core of an orchestrator: decides, appends, follows, expires, pushes.
//!
//! Any number of orchestrators run side by side, all equal. None has state of its own: each folds the log, and the database
//! lets an append through only if it was decided on the newest state ([`crate::log`]).

mod backoff;
mod bell;
pub mod connections;
mod core;
pub mod direct;
pub(crate) mod draft;
pub(crate) mod expiry;
pub(crate) mod history;
pub mod hub;
mod link;
pub mod metrics;
pub mod receipt;
pub mod request;
mod retention;
mod run;
pub mod sight;
pub mod snapshot;
pub(crate) mod state;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::bell::Heard;
use self::connections::{ConnectionState, Connections};
use self::core::Core;
use self::hub::Hub;
use self::metrics::{CodeLabel, Metrics};
use self::receipt::Receipts;
use self::request::{Done, Failure, Request, Submission};
use self::sight::Sight;
use self::snapshot::Snapshot;
use self::state::Outlets;
use crate::domain::fleet::Fleet;
use crate::domain::token::Epoch;
use crate::trace::Traces;
use crate::wire::push::AsOf;

pub use run::{Config, Migrations, run};

/// Requests that may wait for the core. Beyond it pods and people are told to come back.
const INBOX: usize = 8192;

/// Longest wait for the core's answer. Longer than it holds requests while it reconnects.
const PATIENCE: Duration = Duration::from_secs(10);

/// A handle to the core. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Orchestrator {
    inbox: mpsc::Sender<Request>,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    ledger: watch::Receiver<AsOf>,
    trouble: watch::Receiver<Option<Arc<str>>>,
    pub hub: Arc<Hub>,
    pub metrics: Arc<Metrics>,
    pub traces: Traces,
    pub connections: Connections,
}

impl Orchestrator {
    /// Starts the core and its bell on `tasks`. They end with `shutdown`.
    pub fn start(name: String, database_url: String, traces: Traces, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) -> Self {
        let nothing = Snapshot {
            fleet: Fleet::new(Epoch(0)),
            sight: Sight::begin(tokio::time::Instant::now()),
            position: 0,
            receipts: Receipts::new(&[]),
        };
        let (inbox, requests) = mpsc::channel(INBOX);
        let outlets = Outlets {
            ledger: watch::Sender::new(nothing.as_of()),
            trouble: watch::Sender::new(Some("not connected yet".into())),
            snapshot: watch::Sender::new(Arc::new(nothing)),
            hub: Arc::default(),
            metrics: Arc::default(),
            traces: traces.clone(),
        };
        let handle = Self {
            inbox,
            snapshot: outlets.snapshot.subscribe(),
            ledger: outlets.ledger.subscribe(),
            trouble: outlets.trouble.subscribe(),
            hub: outlets.hub.clone(),
            metrics: outlets.metrics.clone(),
            traces,
            connections: Connections::default(),
        };
        let heard = Arc::new(Heard::default());
        let bell = bell::Bell {
            database_url: database_url.clone(),
            heard: heard.clone(),
            metrics: handle.metrics.clone(),
            state: handle.connections.listen.clone(),
        };
        tasks.spawn(bell.run(handle.ledger.clone(), shutdown.clone()));
        let core = Core::new(name, database_url, requests, heard, outlets);
        tasks.spawn(core.run(shutdown.clone()));
        handle
    }

    /// Has a command carried out. The answer comes after its commit.
    pub async fn submit(&self, submission: Submission) -> Result<Done, Failure> {
        let answer = self.ask(|reply| Request::Command { submission: Box::new(submission), reply }).await;
        if let Err(Failure::Refused(refusal)) = &answer {
            self.metrics.refusals.get_or_create(&CodeLabel { code: refusal.code() }).inc();
        }
        answer
    }

    /// The state, including everything that was in the log when this was called.
    pub async fn current(&self) -> Result<Arc<Snapshot>, Failure> {
        Ok(self.ask(|reply| Request::Barrier { reply }).await?.after)
    }

    /// The newest state that this orchestrator has folded; others may have appended since.
    #[must_use]
    pub fn latest(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Changes with every snapshot.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// What keeps it from appending, in plain words; nothing while it can.
    #[must_use]
    pub fn trouble(&self) -> Option<Arc<str>> {
        self.trouble.borrow().clone()
    }

    /// The kinds of connections by name, and how each is.
    #[must_use]
    pub fn connection_states(&self) -> [(&'static str, ConnectionState); 3] {
        let append = self.trouble().map_or(ConnectionState::Connected, ConnectionState::Failed);
        [("append", append), ("listen", self.connections.listen.get()), ("read", self.connections.read.get())]
    }

    /// Returns once it can append.
    pub async fn connected(&self) {
        // An error means that the core has ended, which the next request is told.
        let _ = self.trouble.clone().wait_for(Option::is_none).await;
    }

    async fn ask(&self, request: impl FnOnce(request::Reply) -> Request) -> Result<Done, Failure> {
        let (reply, answer) = oneshot::channel();
        self.inbox.try_send(request(reply)).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => Failure::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Failure::Unavailable("this orchestrator is shutting down".into()),
        })?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Failure::Unavailable("this orchestrator is shutting down".into())),
            Err(_) => Err(Failure::Unavailable("the database did not answer in time".into())),
        }
    }
}
