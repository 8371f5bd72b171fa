//! Group commit: decides on many requests, one after the other, as one batch to be appended. Pure but for fresh event ids.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::request::{Request, Submission};
use super::sight::Sight;
use crate::domain::command::Command;
use crate::domain::decide::{Decision, Proposal, decide};
use crate::domain::event::{Event, Recorded};
use crate::domain::fleet::Fleet;
use crate::domain::name::{RegistrationId, SessionId};
use crate::domain::refusal::Refusal;
use crate::log::{Batch, PendingEvent, PulseBatch};

/// Most ledger events in one batch. One command may bring more by itself; then it is alone.
const MAX_EVENTS: usize = 2000;

/// What became of one request in the draft.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Its events are the batch's from `first` on, `count` of them.
    Events {
        first: usize,
        count: usize,
        refused: Vec<(SessionId, Refusal)>,
    },
    /// The log holds it already.
    AlreadyDone(Arc<Vec<Recorded>>),
    Refused(Refusal),
}

#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub batch: Batch,
    pub members: Vec<(Request, Verdict)>,
    /// Requests that need the batch to be in the log first.
    pub deferred: Vec<Request>,
}

/// Requests that were carried out lately, by id, as the log tells.
pub(crate) type Carried = HashMap<Uuid, Arc<Vec<Recorded>>>;

impl Draft {
    /// Decides on the requests in order, each on the state that the ones before it leave.
    pub(crate) fn decide(fleet: &Fleet, sight: &Sight, carried: &Carried, requests: Vec<Request>, orchestrator: &str) -> Self {
        let mut draft = Self::default();
        let mut working = fleet.clone();
        let mut beats: Vec<(RegistrationId, i32)> = Vec::new();
        for request in requests {
            if !draft.deferred.is_empty() || draft.batch.events.len() >= MAX_EVENTS {
                draft.deferred.push(request);
                continue;
            }
            let Request::Command { submission, .. } = &request else {
                draft.members.push((request, nothing()));
                continue;
            };
            // As of the ledger that the append is conditional on: revoked at any orchestrator means over at every one.
            if let Some(revoked) = submission.actor.access_token.as_ref().filter(|id| working.access_token(id).is_none()) {
                let verdict = Verdict::Refused(Refusal::AccessTokenRevoked(revoked.clone()));
                draft.members.push((request, verdict));
                continue;
            }
            if let Some(events) = carried.get(&submission.request_id) {
                let verdict = if events.iter().all(|event| event.actor == submission.actor.name) {
                    beats.extend(registered_again(&working, &submission.command));
                    Verdict::AlreadyDone(events.clone())
                } else {
                    Verdict::Refused(Refusal::RequestIdTaken(submission.request_id))
                };
                draft.members.push((request, verdict));
                continue;
            }
            match decide(&working, &submission.command, sight) {
                Ok(decision) if names_what_is_new(&decision, fleet) => draft.deferred.push(request),
                Ok(decision) => {
                    if let Command::Heartbeat(heartbeat) = &submission.command {
                        let registration = working.pod(&heartbeat.holder.pod).map(|(id, _)| id);
                        // The count is for people; after 2^31 heartbeats it starts again.
                        let sequence = i32::try_from(heartbeat.sequence & i64::from(i32::MAX)).unwrap_or(0);
                        beats.extend(registration.map(|id| (id, sequence)));
                    }
                    beats.extend(registered_again(&working, &submission.command));
                    let verdict = draft.add(submission, decision.events, decision.refused);
                    draft.members.push((request, verdict));
                    working = decision.after;
                }
                Err(refusal) => draft.members.push((request, Verdict::Refused(refusal))),
            }
        }
        if !beats.is_empty() {
            draft.batch.pulse = Some(PulseBatch { id: Uuid::now_v7(), actor: format!("orchestrator:{orchestrator}"), beats });
        }
        draft
    }

    fn add(&mut self, submission: &Submission, proposals: Vec<Proposal>, refused: Vec<(SessionId, Refusal)>) -> Verdict {
        let first = self.batch.events.len();
        let count = proposals.len();
        self.batch.events.extend(proposals.into_iter().map(|proposal| PendingEvent {
            id: Uuid::now_v7(),
            proposal,
            actor: submission.actor.name.clone(),
            request_id: Some(submission.request_id),
        }));
        Verdict::Events { first, count, refused }
    }
}

/// A registration that stands already is a sign of life like a heartbeat, and must be one in the log: the pod trusts what it is
/// told in answer from the moment at which it asked, and the others count its silence from the last sign that was recorded.
fn registered_again(fleet: &Fleet, command: &Command) -> Option<(RegistrationId, i32)> {
    let Command::Register(register) = command else { return None };
    let (id, _) = fleet.pod(&register.holder.pod).filter(|(_, known)| known.holder == register.holder)?;
    Some((id, 0))
}

fn nothing() -> Verdict {
    Verdict::Events { first: 0, count: 0, refused: Vec::new() }
}

/// Tokens and actions are positions, which are provisional until the append. A decision that writes one into an event waits until
/// it is real.
fn names_what_is_new(decision: &Decision, fleet: &Fleet) -> bool {
    let events = || decision.events.iter().map(|proposal| &proposal.event);
    let new = |token: crate::domain::token::FencingToken| token.epoch() == fleet.epoch() && token.position() > fleet.ledger_position();
    events().filter_map(Event::names_token).any(new)
        || events().filter_map(Event::names_position).any(|named| named > fleet.ledger_position())
}
