//! What an orchestrator tells: the answers of the routes, and what their streams push.

use tokio::time::Instant;

use super::message::{Answer, Caller, Do};
use super::orchestrator::Orchestrator;
use crate::domain::event::Recorded;
use crate::domain::name::RegistrationId;
use crate::http::routes::pods::{heartbeat, register};
use crate::orchestrator::draft::{Draft, Verdict};
use crate::orchestrator::request::Request;
use crate::orchestrator::snapshot::Snapshot;
use crate::orchestrator::state::Touched;
use crate::wire::push::Push;

impl Orchestrator {
    pub(super) fn answer(&mut self, draft: Draft, recorded: &[Recorded], now: Instant, out: &mut Vec<Do>) {
        let snapshot = self.state.snapshot();
        let Draft { members, deferred, .. } = draft;
        for (request, verdict) in members {
            let Some(caller) = self.caller(&request) else { continue };
            let (answer, events) = match verdict {
                Verdict::Refused(refusal) => (Answer::Refused(refusal), Vec::new()),
                Verdict::AlreadyDone(events) => (say(&snapshot, &caller), events.iter().map(|event| (event.position, event.id)).collect()),
                Verdict::Events { first, count, .. } => {
                    let own = recorded.iter().skip(first).take(count);
                    (say(&snapshot, &caller), own.map(|event| (event.position, event.id)).collect())
                }
            };
            out.push(Do::Answer(caller, answer, self.link.unwrap_or_default(), events));
        }
        if !deferred.is_empty() {
            self.flush(deferred, now, out);
        }
    }

    pub(super) fn turn_away(&mut self, requests: Vec<Request>, out: &mut Vec<Do>) {
        for request in requests {
            if let Some(caller) = self.caller(&request) {
                out.push(Do::Answer(caller, Answer::Unavailable, 0, Vec::new()));
            }
        }
    }

    fn caller(&mut self, request: &Request) -> Option<Caller> {
        let Request::Command { submission, .. } = request else { return None };
        let waiting = self.callers.get_mut(&submission.request_id)?;
        let caller = waiting.pop();
        if waiting.is_empty() {
            self.callers.remove(&submission.request_id);
        }
        caller
    }

    /// Wakes the streams that are touched, and no others.
    pub(super) fn publish(&mut self, out: &mut Vec<Do>) {
        if self.link.is_none() {
            return;
        }
        let touched = self.state.take_touched();
        let rung = |registration: &RegistrationId| match &touched {
            Touched::Everybody => true,
            Touched::These(these) => these.contains(registration),
        };
        let pods: Vec<usize> = self.streams.iter().filter(|(_, (registration, _))| rung(registration)).map(|(pod, _)| *pod).collect();
        let snapshot = self.state.snapshot();
        for pod in pods {
            self.speak(pod, &snapshot, out);
        }
    }

    pub(super) fn speak(&mut self, pod: usize, snapshot: &Snapshot, out: &mut Vec<Do>) {
        let Some((_, said)) = self.streams.get_mut(&pod) else { return };
        match said.look(snapshot) {
            Ok(pushes) => out.extend(pushes.into_iter().map(|push| Do::Push(pod, push))),
            Err(reason) => {
                out.push(Do::Push(pod, Push::Gone { reason: reason.into() }));
                self.streams.remove(&pod);
            }
        }
    }
}

/// What the routes answer.
fn say(snapshot: &Snapshot, caller: &Caller) -> Answer {
    match caller {
        Caller::Registration { holder, .. } => {
            register::answer(snapshot, holder.clone()).map_or_else(Answer::Refused, |answer| Answer::Registered(Box::new(answer)))
        }
        Caller::Heartbeat { holder, named, reported, .. } => heartbeat::answer(snapshot, holder.clone(), *named, reported)
            .map_or_else(Answer::Refused, |answer| Answer::Beat(Box::new(answer))),
        Caller::Release { .. } | Caller::Person | Caller::Errand { .. } => Answer::Done(snapshot.as_of()),
    }
}
