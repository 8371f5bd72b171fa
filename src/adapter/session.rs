//! The task of one session: runs its connector, starts it again when it fails, and stops it as ordered.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::message::Message;
use super::metrics::Metrics;
use super::supply::{Chosen, Release, Supply};
use crate::connector::action::Action;
use crate::connector::backoff::Backoff;
use crate::connector::context::{Report, SessionContext, SessionFacts, SessionHandle, Term};
use crate::connector::lease::reached;
use crate::connector::{Connector, ConnectorError, secrets};
use crate::domain::name::ConnectorName;
use crate::domain::status::OperationalStatus;
use crate::time::since_boot;
use crate::trace::ids::Step;
use crate::trace::{Deed, Traces};

/// What the pod wants of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Run,
    /// The lease is about to be trusted no more: stop before that, and wait for a renewal.
    Hold,
    /// Close in order and end.
    Close,
    /// End at once.
    Fence,
}

/// A connector that ran for this long before it failed is started again without a longer pause than the first time.
const PROVEN: Duration = Duration::from_secs(10);

pub(super) struct SessionTask {
    /// Nothing if this pod has no such connector, and a plugin must bring it.
    pub(super) connector: Option<Arc<dyn Connector>>,
    pub(super) connector_name: ConnectorName,
    /// What to say if none does.
    pub(super) no_connector: String,
    pub(super) facts: SessionFacts,
    /// The artifacts that it is to be given.
    pub(super) artifacts: Vec<String>,
    pub(super) supply: Arc<Supply>,
    pub(super) terms: watch::Receiver<Term>,
    pub(super) orders: watch::Receiver<Order>,
    pub(super) actions: mpsc::UnboundedReceiver<Action>,
    pub(super) inbox: mpsc::Sender<Message>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) traces: Traces,
    /// Since boot, when it began to get ready, until it has run for the first time.
    pub(super) preparing: Option<Duration>,
}

type Run = JoinSet<Result<(), ConnectorError>>;

impl SessionTask {
    /// Ends when the session is closed or fenced, and not before its connector has.
    pub(super) async fn run(mut self) {
        // With references, whether the settings are any good is known once these are resolved, and may change with every start.
        if !secrets::refer(&self.facts.settings)
            && let Some(Err(invalid)) = self.connector.as_ref().map(|connector| connector.validate(&self.facts.settings))
        {
            return self.refuse(invalid.to_string()).await;
        }
        let mut chosen = (Chosen::default(), None);
        let mut pause = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        loop {
            let order = *self.orders.borrow_and_update();
            match order {
                Order::Close | Order::Fence => return,
                Order::Run if since_boot() < self.terms.borrow().stop_at() => {}
                Order::Run | Order::Hold => {
                    let reason = "waiting for an orchestrator: the lease could not be renewed";
                    self.tell(Report::because(OperationalStatus::Claiming, reason)).await;
                    if !self.changed().await {
                        return;
                    }
                    continue;
                }
            }
            // Nobody knows whether what was ordered of a connection that is gone is still wanted of the next one.
            self.refuse_actions("the session was not running");
            self.tell(Report::starting()).await;
            let began = Instant::now();
            if let Some(fault) = self.attempt(&mut chosen).await {
                self.metrics.connector_restarts.inc();
                tracing::warn!(session = %self.facts.session, "the connector ended: {fault}");
                self.tell(Report::because(OperationalStatus::Error, fault)).await;
                if began.elapsed() > PROVEN {
                    pause.reset();
                }
                tokio::select! {
                    () = sleep(pause.next_pause()) => {}
                    _ = self.orders.changed() => {}
                }
            }
        }
    }

    /// A session that this pod cannot run shows why until it is taken away.
    async fn refuse(mut self, reason: String) {
        tracing::error!(session = %self.facts.session, "{reason}");
        self.tell(Report::because(OperationalStatus::Error, reason)).await;
        loop {
            tokio::select! {
                // An error means that the pod is gone.
                _ = self.orders.wait_for(|order| matches!(order, Order::Close | Order::Fence)) => return,
                Some(action) = self.actions.recv() => action.failed("this pod cannot run the session"),
            }
        }
    }

    fn refuse_actions(&mut self, reason: &str) {
        while let Ok(action) = self.actions.try_recv() {
            action.failed(reason);
        }
    }

    /// Waits for news from the pod. False if there will be none.
    async fn changed(&mut self) -> bool {
        tokio::select! {
            changed = self.orders.changed() => changed.is_ok(),
            changed = self.terms.changed() => changed.is_ok(),
        }
    }

    /// Gives the session what it needs and runs it. Gives back the fault if either failed, nothing if it was stopped.
    async fn attempt(&mut self, (artifacts, release): &mut (Chosen, Option<Release>)) -> Option<String> {
        match (&self.connector, self.artifacts.is_empty()) {
            (None, _) => self.tell(Report::because(OperationalStatus::Claiming, "fetching its plugin")).await,
            (_, false) => self.tell(Report::because(OperationalStatus::Claiming, "fetching its artifacts")).await,
            _ => {}
        }
        let supply = Arc::clone(&self.supply);
        let prepare = async {
            supply.prepare(&self.facts, &self.artifacts, artifacts).await?;
            match &self.connector {
                Some(built_in) => Ok(Some(Arc::clone(built_in))),
                None => supply.connector(&self.connector_name, &self.facts, release).await,
            }
        };
        let prepared = tokio::select! {
            biased;
            _ = self.orders.changed() => return None,
            prepared = prepare => prepared,
        };
        let connector = match prepared {
            Ok(Some(connector)) => connector,
            Ok(None) => return Some(self.no_connector.clone()),
            Err(missing) => return Some(missing.to_string()),
        };
        match self.resolved(&*connector).await {
            Ok(facts) => self.run_once(&*connector, facts).await,
            Err(fault) => Some(fault),
        }
    }

    /// What the connector is given: the settings with what references stand for, as this pod finds it now.
    async fn resolved(&self, connector: &dyn Connector) -> Result<SessionFacts, String> {
        if !secrets::refer(&self.facts.settings) {
            return Ok(self.facts.clone());
        }
        let (settings, secrets) =
            secrets::resolve(&self.facts.settings, connector.settings_schema()).await.map_err(|error| error.to_string())?;
        connector.validate(&settings).map_err(|invalid| secrets.hide(&invalid.to_string()).into_owned())?;
        Ok(SessionFacts { settings, secrets, ..self.facts.clone() })
    }

    /// One run of the connector. Gives back the fault if it ended by itself, nothing if it was stopped.
    async fn run_once(&mut self, connector: &dyn Connector, facts: SessionFacts) -> Option<String> {
        let term = *self.terms.borrow_and_update();
        let (patience, secrets) = (connector.stop_timeout(&facts.settings), facts.secrets.clone());
        if let Some(begun) = self.preparing.take() {
            let (session, began) = (&facts.session, since_boot().saturating_sub(begun));
            let attributes = Vec::new();
            self.traces.tell(&Deed {
                session,
                token: facts.token,
                step: Step::Prepare,
                name: "prepare",
                began,
                ended: Duration::ZERO,
                attributes,
            });
        }
        let (context, mut handle) = SessionContext::new(facts, term);
        let mut run = Run::new();
        run.spawn(connector.run(context));
        loop {
            tokio::select! {
                biased;
                // An error means that the pod is gone: the same as fencing.
                changed = self.orders.changed() => if changed.is_err() || *self.orders.borrow_and_update() != Order::Run {
                    break;
                },
                Ok(()) = self.terms.changed() => handle.extend(*self.terms.borrow_and_update()),
                Some(action) = self.actions.recv() => handle.act(action),
                ended = run.join_next() => return Some(secrets.hide(&fault(ended)).into_owned()),
                Some(report) = handle.reported() => self.tell(report).await,
            }
        }
        self.stop(run, handle, patience).await;
        None
    }

    /// Stops in order while there is time, then by force, then by dropping the connector. Returns when it is surely gone.
    async fn stop(&mut self, mut run: Run, handle: SessionHandle, patience: Duration) {
        let latest = since_boot().saturating_add(patience);
        while *self.orders.borrow() != Order::Fence && self.orders.has_changed().is_ok() {
            let by = latest.min(self.terms.borrow_and_update().force_at());
            handle.stop_in_order(by);
            tokio::select! {
                biased;
                _ = run.join_next() => return,
                () = reached(by) => break,
                _ = self.orders.changed() => {}
                Ok(()) = self.terms.changed() => handle.extend(*self.terms.borrow()),
            }
        }
        handle.force();
        let left = self.terms.borrow().kill_at().saturating_sub(since_boot());
        let grace = left.clamp(Duration::from_millis(50), Duration::from_secs(1));
        if timeout(grace, run.join_next()).await.is_ok() {
            return;
        }
        run.abort_all();
        // Only a connector that never yields gets here twice. The session is not closed as long as it may write.
        while timeout(Duration::from_secs(1), run.join_next()).await.is_err() {
            tracing::error!(session = %self.facts.session, "the connector does not stop");
        }
    }

    async fn tell(&self, report: Report) {
        let (session, token) = (self.facts.session.clone(), self.facts.token);
        // The pod has ended if nobody listens, and this task is about to.
        let _ = self.inbox.send(Message::Status { session, token, report }).await;
    }
}

/// Why a connector ended that nobody had asked to.
fn fault(ended: Option<Result<Result<(), ConnectorError>, JoinError>>) -> String {
    match ended {
        Some(Ok(Err(error))) => error.to_string(),
        Some(Err(crash)) if crash.is_panic() => "the connector crashed; the pod's log has the details".into(),
        _ => "the connector ended by itself".into(),
    }
}
