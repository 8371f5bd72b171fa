//! The one task that owns what the pod believes. Everything reaches it as a [`Message`]; nothing in it waits for the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::belief::{Belief, Effect};
use super::heartbeat::Vitals;
use super::link::Link;
use super::message::Message;
use super::metrics::Metrics;
use super::release::Closed;
use super::sessions::Sessions;
use super::trust::{self, Trust};
use crate::connector::lease::reached;
use crate::domain::adapter::LeaseTtl;
use crate::time::since_boot;
use crate::wire::action::SessionAction;
use crate::wire::pod::{LeaseGrant, LeaseReport};
use crate::wire::push::Push;

/// How long a drain waits for an orchestrator to hear of it before it releases anything.
const ANNOUNCEMENT: Duration = Duration::from_secs(2);

pub(super) struct Pod {
    pub(super) link: Link,
    pub(super) belief: Belief,
    pub(super) trust: Trust,
    pub(super) sessions: Sessions,
    pub(super) vitals: watch::Sender<Vitals>,
    pub(super) standing: watch::Sender<Trust>,
    pub(super) closed: watch::Sender<Closed>,
    pub(super) nudge: Arc<Notify>,
    pub(super) inbox: mpsc::Sender<Message>,
    pub(super) metrics: Arc<Metrics>,
    /// When this loop last turned, in milliseconds since boot.
    pub(super) turned: Arc<AtomicU64>,
    /// Whether it could run sessions as of then.
    pub(super) ready: Arc<AtomicBool>,
    pub(super) drain_timeout: Duration,
    pub(super) registered: bool,
    pub(super) drain: Drain,
}

/// How far the pod is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drain {
    No,
    /// Sessions close, but nothing is released yet: an orchestrator that has not heard of the drain would grant it anew.
    Announcing {
        until: Duration,
    },
    Releasing {
        until: Duration,
    },
}

impl Drain {
    fn until(self) -> Duration {
        match self {
            Self::No => Duration::MAX,
            Self::Announcing { until } | Self::Releasing { until } => until,
        }
    }
}

impl Pod {
    /// Runs until the pod is drained, refused or superseded.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut errands = JoinSet::new();
        let outcome = loop {
            let wake = self.turn();
            if self.drain != Drain::No && self.belief.held().next().is_none() && self.sessions.is_empty() {
                break Ok(());
            }
            let until = self.drain.until();
            tokio::select! {
                // The deadlines come first: after a pause of the process nothing else must be acted on before them.
                biased;
                () = reached(wake) => {}
                () = reached(until) => break Err(anyhow::anyhow!(self.unfinished())),
                task = self.sessions.next_ended() => self.sessions.ended(task),
                () = shutdown.cancelled(), if self.drain == Drain::No => self.begin_drain(&mut errands),
                Some(message) = messages.recv() => if let Err(reason) = self.hear(message) {
                    break Err(anyhow::anyhow!(reason));
                },
            }
        };
        self.end(outcome, messages).await
    }

    /// Looks at the deadlines, tells the other tasks what is the case, and says when to look again.
    fn turn(&mut self) -> Duration {
        let now = since_boot();
        self.turned.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let due = self.sessions.mind(now);
        let shortest = self.publish(now);
        let heard = now < self.trust.until(shortest.unwrap_or(LeaseTtl::DEFAULT));
        self.ready.store(self.registered && heard && self.drain == Drain::No, Ordering::Relaxed);
        due.unwrap_or(Duration::MAX).min(now.saturating_add(trust::look(shortest)))
    }

    fn publish(&self, now: Duration) -> Option<LeaseTtl> {
        let leases: Vec<_> = self
            .belief
            .held()
            .map(|(session, token, ttl)| {
                let report = self.sessions.report(session, token);
                // Whether it is trusted is said when it is sent.
                (LeaseReport { session: session.clone(), token, status: report.status, reason: report.reason, trusted: false }, ttl)
            })
            .collect();
        let shortest = self.belief.held().map(|(_, _, ttl)| ttl).min();
        self.metrics.count_sessions(leases.iter().map(|(lease, _)| lease.status));
        self.metrics.trust_left.set(shortest.map_or(0.0, |ttl| self.trust.until(ttl).saturating_sub(now).as_secs_f64()));
        let over = |grant: &LeaseGrant| now >= self.trust.until(trust::ttl(grant.ttl_ms));
        self.metrics.unrenewed.set(i64::try_from(self.sessions.unrenewed(over)).unwrap_or(i64::MAX));
        self.standing.send_replace(self.trust);
        set(&self.vitals, Vitals { leases, shortest, epoch: self.trust.epoch() });
        if !matches!(self.drain, Drain::Announcing { .. }) {
            set(&self.closed, self.sessions.closed().clone());
        }
        shortest
    }

    /// Takes in one message. An error is the reason for which the pod has to end.
    fn hear(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Registered { sent, answer } => {
                tracing::info!("registered as {} with {} leases", self.link.pod(), answer.leases.len());
                self.registered = true;
                self.trust.registered(sent, answer.as_of.epoch);
                let actions = actions_of(&answer.leases);
                let effects = self.belief.hear_all(answer.as_of, answer.leases);
                self.carry_out(effects);
                self.sessions.act(actions);
                self.extend();
            }
            Message::Answered { sent, named, mut answer } => {
                let actions = std::mem::take(&mut answer.actions);
                // An answer that the belief does not take in may be silent about a lease that the pod still holds: it renews none.
                if self.belief.takes_in(answer.as_of) {
                    self.trust.answered(sent, named, answer.as_of.epoch);
                }
                let effects = self.belief.hear_answer(answer);
                self.carry_out(effects);
                self.sessions.act(actions);
                self.extend();
            }
            Message::Lost { reason } => {
                tracing::error!("{} was fenced: {reason}; it registers again", self.link.pod());
                let effects = self.belief.lose_all("the pod's registration is gone");
                self.carry_out(effects);
            }
            Message::Unauthorised { reason } => self.hear_unauthorised(&reason)?,
            Message::Refused { reason } => return Err(format!("the orchestrators refuse {}: {reason}", self.link.pod())),
            Message::Push(push) => self.hear_push(push),
            Message::Released { asked, answer } => {
                for refused in &answer.refused {
                    tracing::info!(session = %refused.session, "was released already: {}", refused.reason);
                }
                for lease in asked {
                    self.belief.hear_released(answer.as_of, &lease.session, lease.token);
                    self.sessions.forget_closed(&lease.session, lease.token);
                }
            }
            Message::DrainAnnounced => self.drain = Drain::Releasing { until: self.drain.until() },
            Message::Status { session, token, report } => self.sessions.hear(&session, token, report),
        }
        Ok(())
    }

    fn hear_push(&mut self, push: Push) {
        if let Some(as_of) = push.as_of() {
            self.trust.heard_of(as_of.epoch);
        }
        if matches!(push, Push::Gone { .. }) {
            self.nudge.notify_one();
        }
        let actions = match &push {
            Push::Sync(all) => actions_of(&all.leases),
            Push::Start(start) => actions_of(std::slice::from_ref(&start.lease)),
            Push::Action(act) => vec![act.action.clone()],
            Push::Stop(_) | Push::Fence(_) | Push::Gone { .. } => Vec::new(),
        };
        let effects = self.belief.hear_push(push);
        self.carry_out(effects);
        self.sessions.act(actions);
    }

    /// A pod that was accepted before goes on while it trusts a lease: somebody may be changing tokens.
    fn hear_unauthorised(&self, reason: &str) -> Result<(), String> {
        let now = since_boot();
        if self.registered && self.belief.held().any(|(_, _, ttl)| now < self.trust.until(ttl)) {
            tracing::error!("the orchestrators do not accept this pod's access token: {reason}");
            return Ok(());
        }
        Err(format!("the orchestrators do not accept this pod's access token: {reason}"))
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let trust = self.trust;
            // A grant extends nothing: a new lease is trusted as long as the last answered heartbeat says.
            self.sessions.carry_out(effect, |grant| trust.term(grant, trust::ttl(grant.ttl_ms)));
        }
    }

    /// One heartbeat renews all leases that are still held; what is on its way out is not renewed.
    fn extend(&mut self) {
        let (trust, belief) = (self.trust, &self.belief);
        self.sessions.extend(|grant| belief.ttl(&grant.session, grant.token).map(|ttl| trust.term(grant, ttl)));
    }

    fn begin_drain(&mut self, errands: &mut JoinSet<()>) {
        tracing::info!("draining: the sessions of {} are closed and released", self.link.pod());
        self.drain = Drain::Announcing { until: since_boot().saturating_add(self.drain_timeout) };
        self.sessions.drain();
        let (link, inbox) = (self.link.clone(), self.inbox.clone());
        errands.spawn(async move {
            match timeout(ANNOUNCEMENT, link.drain("the pod is shutting down")).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!("cannot announce the drain: {error}"),
                Err(_) => tracing::warn!("no orchestrator heard of the drain in time"),
            }
            let _ = inbox.send(Message::DrainAnnounced).await;
        });
    }

    fn unfinished(&self) -> String {
        let left: Vec<_> = self.belief.held().map(|(session, _, _)| session.to_string()).collect();
        let within = humantime::format_duration(self.drain_timeout);
        format!("the drain was not finished within {within}; these are taken over when their leases expire: {}", left.join(", "))
    }

    /// Whatever the outcome, no session outlives the pod.
    async fn end(mut self, outcome: anyhow::Result<()>, mut messages: mpsc::Receiver<Message>) -> anyhow::Result<()> {
        // Tasks that still want to report must not wait for a reader.
        messages.close();
        while messages.try_recv().is_ok() {}
        self.sessions.fence_all();
        let all_ended = async {
            while !self.sessions.is_empty() {
                let task = self.sessions.next_ended().await;
                self.sessions.ended(task);
            }
        };
        if timeout(Duration::from_secs(3), all_ended).await.is_err() {
            tracing::error!("some sessions do not stop; they end with this process");
        }
        outcome
    }
}

/// The actions that leases bring along. Which of them are news is for the session to say.
fn actions_of(leases: &[LeaseGrant]) -> Vec<SessionAction> {
    let of_lease = |lease: &LeaseGrant| {
        let (session, token) = (lease.session.clone(), lease.token);
        lease.actions.clone().into_iter().map(move |action| SessionAction { session: session.clone(), token, action })
    };
    leases.iter().flat_map(of_lease).collect()
}

/// Sets a value, and wakes those who watch it only if it is another one.
fn set<T: PartialEq>(channel: &watch::Sender<T>, value: T) {
    channel.send_if_modified(|known| {
        let news = *known != value;
        if news {
            *known = value;
        }
        news
    });
}
