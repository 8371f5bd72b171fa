//! The sessions of the pod: one task each, never two of one session, and what to report of them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{self, JoinSet};

use super::belief::Effect;
use super::message::Message;
use super::metrics::Metrics;
use super::release::Closed;
use super::session::{Order, SessionTask};
use super::supply::Supply;
use super::trust;
use crate::connector::action::{Action, Answers};
use crate::connector::context::{Report, SessionFacts, Term};
use crate::connector::journal::Journal;
use crate::connector::registry::Registry;
use crate::connector::secrets::Secrets;
use crate::domain::action::ActionId;
use crate::domain::name::{PodName, SessionId};
use crate::domain::status::OperationalStatus;
use crate::domain::token::FencingToken;
use crate::time::since_boot;
use crate::trace::ids::Step;
use crate::trace::{Deed, Traces};
use crate::wire::action::SessionAction;
use crate::wire::pod::LeaseGrant;

/// What all sessions of a pod share.
pub(super) struct Surroundings {
    pub(super) pod: PodName,
    pub(super) registry: Registry,
    pub(super) data_dir: PathBuf,
    pub(super) inbox: mpsc::Sender<Message>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) traces: Traces,
    pub(super) journal: Journal,
    pub(super) answers: Answers,
    pub(super) supply: Arc<Supply>,
}

pub(super) struct Sessions {
    around: Surroundings,
    slots: BTreeMap<SessionId, Slot>,
    tasks: JoinSet<()>,
    /// Closed, and to be released.
    closed: Closed,
    draining: bool,
}

/// A session whose task has not ended yet.
struct Slot {
    task: task::Id,
    grant: LeaseGrant,
    /// Since boot, when it began, until it is ACTIVE for the first time.
    begun: Option<Duration>,
    orders: watch::Sender<Order>,
    terms: watch::Sender<Term>,
    report: Report,
    actions: mpsc::UnboundedSender<Action>,
    /// What the session was told to do. It is told often, and does it once.
    told: BTreeSet<ActionId>,
    /// A newer lease of the session: it starts when the older run is surely over.
    next: Option<(LeaseGrant, Term)>,
}

impl Sessions {
    pub(super) fn new(around: Surroundings) -> Self {
        Self { around, slots: BTreeMap::new(), tasks: JoinSet::new(), closed: Closed::new(), draining: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn closed(&self) -> &Closed {
        &self.closed
    }

    /// Carries out what a changed belief asks for. `term` says how long a lease is trusted.
    pub(super) fn carry_out(&mut self, effect: Effect, term: impl Fn(&LeaseGrant) -> Term) {
        match effect {
            Effect::Start(grant) if self.draining => drop(self.closed.insert((grant.session, grant.token))),
            Effect::Start(grant) => {
                let term = term(&grant);
                match self.slots.get_mut(&grant.session) {
                    Some(older) => older.next = Some((grant, term)),
                    None => self.start(grant, term),
                }
            }
            Effect::Close { session, token, reason } => self.close(session, token, &reason),
            Effect::Fence { session, token, reason } => self.fence(&session, token, &reason),
            Effect::GiveBack { session, token } => {
                tracing::warn!(%session, %token, position = token.position(), "the log says that this pod holds a lease which ended; it is given back");
                self.closed.insert((session, token));
            }
        }
    }

    fn start(&mut self, grant: LeaseGrant, term: Term) {
        let position = grant.token.position();
        tracing::info!(session = %grant.session, token = %grant.token, position, connector = %grant.connector, "starting");
        let begun = Some(since_boot());
        let (orders, order) = watch::channel(Order::Run);
        let (terms, terms_seen) = watch::channel(term);
        let (actions, actions_told) = mpsc::unbounded_channel();
        let offered = self.around.registry.names().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let session = SessionTask {
            connector: self.around.registry.get(&grant.connector),
            connector_name: grant.connector.clone(),
            no_connector: format!("this pod has no connector \"{}\", and no plugin brings it; it offers {offered}", grant.connector),
            facts: SessionFacts {
                session: grant.session.clone(),
                pod: self.around.pod.clone(),
                token: grant.token,
                settings: grant.settings.clone(),
                secrets: Secrets::default(),
                journal: self.around.journal.for_another_run(),
                folder: self.around.data_dir.join("sessions").join(grant.adapter.as_str()).join(grant.session.ordinal.to_string()),
            },
            artifacts: grant.artifacts.clone(),
            supply: Arc::clone(&self.around.supply),
            terms: terms_seen,
            orders: order,
            actions: actions_told,
            inbox: self.around.inbox.clone(),
            metrics: Arc::clone(&self.around.metrics),
            traces: self.around.traces.clone(),
            preparing: begun,
        };
        let task = self.tasks.spawn(session.run()).id();
        let report = Report::starting();
        self.slots
            .insert(grant.session.clone(), Slot { task, grant, begun, orders, terms, report, actions, told: BTreeSet::new(), next: None });
    }

    /// Passes actions on to the sessions that they are for. What comes too early, before an older run of a session has ended, comes
    /// again with the next heartbeat.
    pub(super) fn act(&mut self, actions: Vec<SessionAction>) {
        for SessionAction { session, token, action } in actions {
            let Some(slot) = self.slots.get_mut(&session).filter(|slot| slot.grant.token == token) else { continue };
            if !matches!(*slot.orders.borrow(), Order::Run | Order::Hold) || !slot.told.insert(action.action_id) {
                continue;
            }
            tracing::info!(%session, %token, position = token.position(), "action {}: {}", action.action_id, action.action);
            // A task that has ended closes its session, and that is an answer too.
            let _ = slot.actions.send(Action::new(action, session, token, self.around.answers.clone()));
        }
    }

    fn close(&mut self, session: SessionId, token: FencingToken, reason: &str) {
        match self.slots.get_mut(&session) {
            Some(slot) if slot.grant.token == token => {
                if slot.order(Order::Close) {
                    tracing::info!(%session, %token, position = token.position(), "closing: {reason}");
                }
            }
            // It has not begun to run.
            slot => {
                if let Some(slot) = slot {
                    slot.next = None;
                }
                self.closed.insert((session, token));
            }
        }
    }

    fn fence(&mut self, session: &SessionId, token: FencingToken, reason: &str) {
        // A heartbeat may be answered after the release took effect and before the release itself is answered.
        if self.closed.contains(&(session.clone(), token)) {
            tracing::info!(%session, %token, position = token.position(), "released");
        } else {
            tracing::warn!(%session, %token, position = token.position(), "was fenced: {reason}");
            self.around.metrics.fencings.inc();
        }
        self.forget_closed(session, token);
        if let Some(slot) = self.slots.get_mut(session) {
            slot.next.take_if(|(next, _)| next.token <= token);
            if slot.grant.token <= token {
                slot.order(Order::Fence);
            }
        }
    }

    /// A lease that was given back, or lost, need not be given back any more.
    pub(super) fn forget_closed(&mut self, session: &SessionId, token: FencingToken) {
        self.closed.retain(|(known, known_token)| known != session || *known_token > token);
    }

    /// Closes everything, and starts nothing any more.
    pub(super) fn drain(&mut self) {
        self.draining = true;
        for (session, slot) in &mut self.slots {
            slot.order(Order::Close);
            if let Some((next, _)) = slot.next.take() {
                self.closed.insert((session.clone(), next.token));
            }
        }
    }

    pub(super) fn fence_all(&mut self) {
        for slot in self.slots.values_mut() {
            slot.next = None;
            slot.order(Order::Fence);
        }
    }

    /// A heartbeat was answered: `term` says for each lease how long it is trusted now, or nothing if it is not held any more.
    pub(super) fn extend(&mut self, term: impl Fn(&LeaseGrant) -> Option<Term>) {
        for slot in self.slots.values_mut() {
            if let Some(news) = term(&slot.grant) {
                slot.terms.send_if_modified(|known| {
                    let longer = trust::longer(*known, news);
                    std::mem::replace(known, longer) != longer
                });
            }
            if let Some((grant, known)) = &mut slot.next
                && let Some(news) = term(grant)
            {
                *known = trust::longer(*known, news);
            }
        }
    }

    /// Holds the sessions whose leases are about to be trusted no more, lets those run whose leases were renewed, and says
    /// when to look again.
    pub(super) fn mind(&mut self, now: Duration) -> Option<Duration> {
        let mut next = None;
        for (session, slot) in &mut self.slots {
            let term = *slot.terms.borrow();
            let order = *slot.orders.borrow();
            match order {
                Order::Run if now >= term.stop_at() => {
                    tracing::warn!(%session, token = %slot.grant.token, "stopping: the lease could not be renewed in time");
                    self.around.metrics.self_fencings.inc();
                    slot.order(Order::Hold);
                }
                Order::Hold if now < term.stop_at() => {
                    slot.order(Order::Run);
                }
                Order::Run => next = Some(next.map_or(term.stop_at(), |at: Duration| at.min(term.stop_at()))),
                Order::Hold | Order::Close | Order::Fence => {}
            }
        }
        next
    }

    /// Waits until the task of a session has ended. Pending while there is none.
    pub(super) async fn next_ended(&mut self) -> task::Id {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(crash)) => {
                tracing::error!("the task of a session crashed: {crash}");
                crash.id()
            }
            None => std::future::pending().await,
        }
    }

    pub(super) fn ended(&mut self, task: task::Id) {
        let Some(session) = self.slots.iter().find(|(_, slot)| slot.task == task).map(|(session, _)| session.clone()) else { return };
        let Some(slot) = self.slots.remove(&session) else { return };
        // A task that crashed counts as closed: another pod may have more luck.
        if *slot.orders.borrow() != Order::Fence {
            tracing::info!(%session, token = %slot.grant.token, position = slot.grant.token.position(), "closed");
            self.closed.insert((session, slot.grant.token));
        }
        if let Some((grant, term)) = slot.next {
            self.start(grant, term);
        }
    }

    pub(super) fn hear(&mut self, session: &SessionId, token: FencingToken, report: Report) {
        if let Some(slot) = self.slots.get_mut(session).filter(|slot| slot.grant.token == token && slot.report != report) {
            let reason = report.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            tracing::info!(%session, %token, position = token.position(), "{}{reason}", report.status);
            if report.status == OperationalStatus::Active
                && let Some(begun) = slot.begun.take()
            {
                let attributes = vec![("conncentric.connector", slot.grant.connector.to_string())];
                let began = since_boot().saturating_sub(begun);
                let deed = Deed { session, token, step: Step::Start, name: "start", began, ended: Duration::ZERO, attributes };
                self.around.traces.tell(&deed);
            }
            slot.report = report;
        }
    }

    /// What to report of a lease.
    pub(super) fn report(&self, session: &SessionId, token: FencingToken) -> Report {
        if self.closed.contains(&(session.clone(), token)) {
            return Report::because(OperationalStatus::Inactive, "closed");
        }
        match self.slots.get(session) {
            Some(slot) if slot.grant.token == token => slot.report.clone(),
            Some(_) => Report::because(OperationalStatus::Claiming, "an older run of the session is being stopped"),
            None => Report::starting(),
        }
    }

    /// How many sessions carry on although their lease would have been given up if they had to stop for that.
    pub(super) fn unrenewed(&self, is_over: impl Fn(&LeaseGrant) -> bool) -> usize {
        self.slots.values().filter(|slot| trust::may_outlive_its_lease(&slot.grant) && is_over(&slot.grant)).count()
    }
}

impl Slot {
    /// Closing is not taken back, and fencing overrides everything.
    ///
    /// True if the order is another one now.
    fn order(&mut self, order: Order) -> bool {
        let final_already = |known: Order| known == Order::Fence || (known == Order::Close && order != Order::Fence);
        self.orders.send_if_modified(|known| !final_already(*known) && std::mem::replace(known, order) != order)
    }
}
