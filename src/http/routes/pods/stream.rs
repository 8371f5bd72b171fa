//! `GET /v1/pods/{pod}/stream?incarnation=`: what a pod is to do, pushed.
//!
//! Level-triggered (design 11): begins with the full set of the pod's leases, and says at each wake-up what differs from what
//! was said last. Nothing depends on having heard every wake-up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::action::ActionId;
use crate::domain::fleet::RegistrationState;
use crate::domain::name::{Holder, Incarnation, PodName, RegistrationId, SessionId};
use crate::domain::refusal::Refusal;
use crate::domain::token::FencingToken;
use crate::http::address::{Path, Query};
use crate::http::auth::Caller;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::{App, STREAM_BREATH, views};
use crate::orchestrator::snapshot::Snapshot;
use crate::trace::Deed;
use crate::trace::ids::Step;
use crate::wire::pod::{Desired, LeaseGrant};
use crate::wire::push::{Act, Fence, Push, Start, Stop, Sync};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    incarnation: String,
}

/// The stream of a pod, as server-sent events `sync`, `start`, `stop`, `fence`, `action` and `gone`.
#[utoipa::path(get, path = "/v1/pods/{pod}/stream", tag = "pods", params(("pod" = String, Path), ("incarnation" = String, Query)),
    responses((status = 200, content_type = "text/event-stream")))]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Path(pod): Path<String>,
    Query(Which { incarnation }): Query<Which>,
) -> Result<Response, ApiError> {
    let pod: PodName = named("pod", &pod)?;
    let incarnation: Incarnation = named("incarnation", &incarnation)?;
    caller.speak_for(&pod)?;
    let holder = Holder { pod, incarnation };
    let snapshot = app.orchestrator.current().await?;
    let current = snapshot.fleet.pod(&holder.pod).filter(|(_, registration)| registration.holder == holder);
    let (registration, current) = current.ok_or_else(|| Refusal::HolderUnknown(holder.clone()))?;
    if current.access_token != caller.access_token {
        return Err(Refusal::NotYourPod(holder).into());
    }
    let bell = app.orchestrator.hub.subscribe(registration);
    Ok(sse(pushes(app, caller, Said::nothing(registration, holder), bell)).into_response())
}

/// Server-sent events as proxies should treat them.
fn sse(stream: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> impl IntoResponse {
    let alive = KeepAlive::new().interval(STREAM_BREATH).text("");
    ([("x-accel-buffering", "no")], Sse::new(stream).keep_alive(alive))
}

/// Runs for as long as the pod reads. A pod that reads slowly is only behind: what it is told is always the newest state.
fn pushes(app: App, caller: Caller, said: Said, bell: watch::Receiver<()>) -> impl Stream<Item = Result<Event, Infallible>> {
    let follower = Follower { app, caller, bell, said, queue: VecDeque::new(), heard: Instant::now(), over: false };
    futures_util::stream::unfold(follower, |mut follower| async move {
        let push = follower.next().await?;
        // Every push has a JSON form; an empty event would be ignored.
        let event = Event::default().event(push.event_name()).data(push.data().unwrap_or_default());
        Some((Ok(event), follower))
    })
}

/// One pod's stream: what has been said, and what is still to be said.
struct Follower {
    app: App,
    caller: Caller,
    bell: watch::Receiver<()>,
    said: Said,
    queue: VecDeque<Push>,
    /// When the bell rang last.
    heard: Instant,
    over: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Push> {
        loop {
            if let Some(push) = self.queue.pop_front() {
                self.trace(&push);
                return Some(push);
            }
            if self.over || (self.said.leases.is_some() && !self.rung().await) {
                return None;
            }
            self.bell.mark_unchanged();
            self.heard = Instant::now();
            let snapshot = self.app.orchestrator.latest();
            self.look(&snapshot);
        }
    }

    fn trace(&self, push: &Push) {
        if let Push::Start(Start { lease, .. }) = push {
            let (began, ended) = (self.heard.elapsed(), Duration::ZERO);
            let deed =
                Deed { session: &lease.session, token: lease.token, step: Step::Push, name: "push", began, ended, attributes: vec![] };
            self.app.orchestrator.traces.tell(&deed);
        }
    }

    /// Waits for the bell. False if the stream is to end: the pod then comes back, here or at another orchestrator.
    async fn rung(&mut self) -> bool {
        tokio::select! {
            changed = self.bell.changed() => changed.is_ok(),
            () = self.app.shutdown.cancelled() => false,
        }
    }

    fn look(&mut self, snapshot: &Snapshot) {
        let looked = if self.caller.is_valid(snapshot) { self.said.look(snapshot) } else { Err("the access token was revoked") };
        match looked {
            Ok(pushes) => self.queue.extend(pushes),
            Err(reason) => {
                self.queue.push_back(Push::Gone { reason: reason.into() });
                self.over = true;
            }
        }
    }
}

/// What a process of a pod was told of its leases.
///
/// The number of a registration is not enough to know it by: when history is lost, numbers are given out again, and a stream that
/// went on under its number alone would tell one pod of another's leases.
#[derive(Debug)]
pub(crate) struct Said {
    registration: RegistrationId,
    holder: Holder,
    /// Nothing before the first full set.
    leases: Option<BTreeMap<SessionId, (FencingToken, Desired)>>,
    /// Which of the actions that it has not acknowledged it was told of.
    actions: BTreeSet<ActionId>,
}

impl Said {
    pub(crate) fn nothing(registration: RegistrationId, holder: Holder) -> Self {
        Self { registration, holder, leases: None, actions: BTreeSet::new() }
    }

    /// What is to be said now. An error is the reason for which the stream is over.
    pub(crate) fn look(&mut self, snapshot: &Snapshot) -> Result<Vec<Push>, &'static str> {
        let registration = snapshot.fleet.registration(self.registration).filter(|registration| registration.holder == self.holder);
        let registration = registration.ok_or("the registration has ended; register again")?;
        if registration.state == RegistrationState::Superseded {
            return Err("a newer process has registered under this name");
        }
        let grants = views::grants(snapshot, self.registration);
        let now = grants.iter().map(|grant| (grant.session.clone(), (grant.token, grant.desired))).collect();
        let untold = views::untold_actions(snapshot, self.registration);
        let told = std::mem::replace(&mut self.actions, untold.iter().map(|action| action.action.action_id).collect());
        Ok(match self.leases.replace(now) {
            // The leases bring their actions along.
            None => vec![Push::Sync(Sync { as_of: snapshot.as_of(), leases: grants })],
            Some(before) => {
                let mut pushes = changes(snapshot, before, grants);
                let news = untold.into_iter().filter(|action| !told.contains(&action.action.action_id));
                pushes.extend(news.map(|action| Push::Action(Act { as_of: snapshot.as_of(), action })));
                pushes
            }
        })
    }
}

/// What differs from what was said: sessions lost, then sessions to stop, then sessions to start.
fn changes(snapshot: &Snapshot, mut before: BTreeMap<SessionId, (FencingToken, Desired)>, grants: Vec<LeaseGrant>) -> Vec<Push> {
    let as_of = snapshot.as_of();
    let (mut fences, mut stops, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for lease in grants {
        let said = before.remove(&lease.session);
        if let Some((token, _)) = said.filter(|(token, _)| *token != lease.token) {
            fences.push(fence(snapshot, lease.session.clone(), token));
        }
        match (said, lease.desired) {
            (Some((token, desired)), now) if token == lease.token && desired == now => {}
            (_, Desired::Run) => starts.push(Push::Start(Start { as_of, lease })),
            (_, Desired::Stop) => {
                let reason = lease.reason.unwrap_or_default();
                stops.push(Push::Stop(Stop { as_of, session: lease.session, token: lease.token, reason }));
            }
        }
    }
    fences.extend(before.into_iter().map(|(session, (token, _))| fence(snapshot, session, token)));
    fences.into_iter().chain(stops).chain(starts).collect()
}

fn fence(snapshot: &Snapshot, session: SessionId, token: FencingToken) -> Push {
    let owner = snapshot.fleet.session(&session).and_then(|entry| entry.lease.as_ref()).map(|lease| &lease.holder);
    let reason = owner.map_or_else(|| "the lease is over".to_owned(), |owner| format!("{owner} owns it now"));
    Push::Fence(Fence { as_of: snapshot.as_of(), session, token, reason })
}
