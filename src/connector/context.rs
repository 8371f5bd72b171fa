//! What a connector is given for one run of one session, and the handle by which the pod steers that run.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::action::Action;
use super::journal::Journal;
pub use super::lease::Term;
use super::lease::TrustedLease;
use super::secrets::Secrets;
use super::settings::Settings;
use crate::domain::entry::{Category, Level};
use crate::domain::name::{AdapterName, PodName, SessionId};
use crate::domain::status::OperationalStatus;
use crate::domain::token::FencingToken;

/// What does not change while a session runs.
#[derive(Clone)]
pub struct SessionFacts {
    pub session: SessionId,
    pub pod: PodName,
    /// Goes downstream with whatever is written; the downstream refuses a smaller one.
    pub token: FencingToken,
    /// With what references stand for in place of these.
    pub settings: Settings,
    /// What must not reach people.
    pub secrets: Secrets,
    /// A folder for this session alone, with its artifacts in `artifacts`.
    pub folder: PathBuf,
    /// Where its entries for the event log go.
    pub journal: Journal,
}

/// Without the settings, which may hold secrets.
impl fmt::Debug for SessionFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, pod, token, .. } = self;
        f.debug_struct("SessionFacts").field("session", session).field("pod", pod).field("token", token).finish_non_exhaustive()
    }
}

impl SessionFacts {
    /// An entry for the event log of the adapter, which operators read, and for the log of the pod.
    pub fn log(&self, level: Level, category: Category, message: &str) {
        let session = &self.session;
        let message = &*self.secrets.hide(message);
        match level {
            Level::Info => tracing::info!(%session, ?category, "{message}"),
            Level::Warning => tracing::warn!(%session, ?category, "{message}"),
            Level::Error => tracing::error!(%session, ?category, "{message}"),
        }
        self.journal.write(session, self.token, level, category, message);
    }
}

/// One run of one session, as its connector sees it.
#[derive(Debug)]
pub struct SessionContext {
    pub facts: SessionFacts,
    pub lease: TrustedLease,
    pub stop: StopSignal,
    /// What operators order of the session. Each is answered, at the latest when it is dropped.
    pub actions: mpsc::UnboundedReceiver<Action>,
    reports: watch::Sender<Option<Report>>,
}

/// How a connector says that its session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub status: OperationalStatus,
    /// Why it is not `ACTIVE`, in plain words.
    pub reason: Option<String>,
}

impl Report {
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == OperationalStatus::Active
    }

    /// The beginning of a run: what a session is that was just claimed, so it needs no reason.
    #[must_use]
    pub fn starting() -> Self {
        Self { status: OperationalStatus::Claiming, reason: None }
    }

    /// A report with a reason that is short enough for every heartbeat to carry it.
    #[must_use]
    pub fn because(status: OperationalStatus, reason: impl AsRef<str>) -> Self {
        const MAX_CHARS: usize = 200;
        let reason = reason.as_ref().trim();
        let short: String = reason.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
        Self { status, reason: Some(short) }
    }
}

impl SessionContext {
    /// The context for a run, and the handle that steers it.
    #[must_use]
    pub fn new(facts: SessionFacts, term: Term) -> (Self, SessionHandle) {
        let (terms, term) = watch::channel(term);
        let (orders, order) = watch::channel(Order::Run);
        let (reports, report) = watch::channel(None);
        let (act, actions) = mpsc::unbounded_channel();
        let secrets = facts.secrets.clone();
        let stop = StopSignal(order);
        let lease = TrustedLease::new(term, stop.clone());
        (Self { facts, lease, stop, actions, reports }, SessionHandle { terms, orders, report, act, secrets })
    }

    #[must_use]
    pub fn adapter(&self) -> &AdapterName {
        &self.facts.session.adapter
    }

    /// The folder with the adapter's artifacts.
    #[must_use]
    pub fn artifacts(&self) -> PathBuf {
        self.facts.folder.join("artifacts")
    }

    /// The actions, for whoever waits for them elsewhere than here. None come here any more.
    #[must_use]
    pub fn take_actions(&mut self) -> mpsc::UnboundedReceiver<Action> {
        std::mem::replace(&mut self.actions, mpsc::unbounded_channel().1)
    }

    /// The connection stands.
    pub fn active(&self) {
        self.report(Report { status: OperationalStatus::Active, reason: None });
    }

    /// The connection does not stand, and why.
    pub fn error(&self, reason: impl AsRef<str>) {
        self.report(Report::because(OperationalStatus::Error, self.facts.secrets.hide(reason.as_ref())));
    }

    fn report(&self, report: Report) {
        self.reports.send_if_modified(|known| {
            let news = known.as_ref() != Some(&report);
            *known = Some(report);
            news
        });
    }

    /// An entry for the event log of the adapter, which operators read, and for the log of the pod.
    pub fn log(&self, level: Level, category: Category, message: &str) {
        self.facts.log(level, category, message);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Run,
    /// In order, until this time since boot.
    Stop {
        by: Duration,
    },
    Force,
}

/// Tells a connector when to stop. Clones hear the same.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<Order>);

impl StopSignal {
    /// Waits until the session is to stop, and says by when (since boot). What is not closed then is ended by force.
    pub async fn requested(&mut self) -> Duration {
        match self.wait(|order| *order != Order::Run).await {
            Order::Stop { by } => by,
            Order::Run | Order::Force => Duration::ZERO,
        }
    }

    /// Waits until the session must end at once: its lease is lost, and another pod may run it already.
    pub async fn forced(&mut self) {
        self.wait(|order| *order == Order::Force).await;
    }

    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() != Order::Run || self.0.has_changed().is_err()
    }

    #[must_use]
    pub fn is_forced(&self) -> bool {
        // Whoever has lost the hand that steers it has no lease any more.
        *self.0.borrow() == Order::Force || self.0.has_changed().is_err()
    }

    async fn wait(&mut self, until: impl FnMut(&Order) -> bool) -> Order {
        self.0.wait_for(until).await.map_or(Order::Force, |order| *order)
    }
}

/// The pod's hand on one run of a session. Dropping it is a stop by force.
#[derive(Debug)]
pub struct SessionHandle {
    terms: watch::Sender<Term>,
    orders: watch::Sender<Order>,
    report: watch::Receiver<Option<Report>>,
    act: mpsc::UnboundedSender<Action>,
    secrets: Secrets,
}

impl SessionHandle {
    /// Has an action carried out. Whoever does not take actions lets it fail.
    pub fn act(&self, mut action: Action) {
        action.received(&self.secrets);
        let _ = self.act.send(action);
    }

    pub fn extend(&self, term: Term) {
        self.terms.send_if_modified(|known| std::mem::replace(known, term) != term);
    }

    /// Asks for an orderly stop until that time since boot.
    pub fn stop_in_order(&self, by: Duration) {
        self.orders.send_if_modified(|order| *order == Order::Run && std::mem::replace(order, Order::Stop { by }) == Order::Run);
    }

    pub fn force(&self) {
        self.orders.send_replace(Order::Force);
    }

    /// What the connector reported last.
    #[must_use]
    pub fn report(&mut self) -> Option<Report> {
        self.report.borrow_and_update().clone()
    }

    /// Waits for the next report; pending for ever once the connector has ended.
    pub async fn reported(&mut self) -> Option<Report> {
        if self.report.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.report()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(term: Term) -> (SessionContext, SessionHandle) {
        let facts = SessionFacts {
            session: "a/0".parse().expect("valid"),
            pod: "pod-1".parse().expect("valid"),
            token: FencingToken::from_i64(1).expect("valid"),
            settings: Settings::new(),
            secrets: Secrets::default(),
            folder: PathBuf::new(),
            journal: Journal::default(),
        };
        SessionContext::new(facts, term)
    }

    #[test]
    fn trust_ends_at_the_deadline_by_force_and_with_the_handle() {
        let passed = Term { until: Duration::ZERO, lead: Duration::ZERO };
        let (context, handle) = run(Term::FOR_EVER);
        assert!(context.lease.still_trusted());
        handle.extend(passed);
        assert!(!context.lease.still_trusted(), "the deadline passed");
        handle.extend(Term::FOR_EVER);
        assert!(context.lease.still_trusted());
        handle.stop_in_order(Duration::ZERO);
        assert!(context.lease.still_trusted() && context.stop.is_requested(), "a logout may be written");
        handle.force();
        assert!(!context.lease.still_trusted(), "fenced");

        let (context, handle) = run(Term::FOR_EVER);
        drop(handle);
        assert!(!context.lease.still_trusted() && context.stop.is_requested(), "nobody renews it any more");
    }

    #[test]
    fn an_orderly_stop_never_takes_back_force() {
        let (context, handle) = run(Term::FOR_EVER);
        handle.force();
        handle.stop_in_order(Duration::MAX);
        assert!(context.stop.is_forced());
    }
}
