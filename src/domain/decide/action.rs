//! Orders actions, and takes in what their owners answer.
//!
//! A restart is a handover of the session to its own pod. So it keeps every rule of handovers: the owner closes and releases, and the
//! next claim, in the same append, has a larger token and the newest revision. The release answers it.

use super::{Draft, assign, epoch, speaker};
use crate::domain::action::{Answer, MAX_ANSWERS, MAX_OPEN, MAX_PARAMETERS};
use crate::domain::adapter::{AdapterSpec, InvalidField, check_json};
use crate::domain::command::{AnswerActions, OrderAction, OwnersAnswer};
use crate::domain::connector::check::{InvalidFields, Texts, problems};
use crate::domain::connector::{ActionDescriptor, RESTART, declared_actions, restart};
use crate::domain::entry::MAX_MESSAGE;
use crate::domain::event::{ActionAnswered, ActionOrdered};
use crate::domain::fleet::{Fleet, Lease};
use crate::domain::name::{ActionName, Holder, SessionId};
use crate::domain::placement::{self, Observed};
use crate::domain::refusal::Refusal;

pub(super) fn order(draft: &mut Draft, order: &OrderAction, observed: &impl Observed) -> Result<(), Refusal> {
    let OrderAction { session, action, parameters } = order;
    let lease = judge(&draft.fleet, session)?.clone();
    check_parameters(&draft.fleet, order, &lease.spec)?;
    if lease.actions.len() >= MAX_OPEN {
        return Err(Refusal::TooManyActions { session: session.clone(), open: lease.actions.len() });
    }
    let restarts = action.as_str() == RESTART;
    if restarts {
        check_restart(&draft.fleet, session, &lease, observed)?;
    }
    let ordered = ActionOrdered { session: session.clone(), token: lease.token, action: action.clone(), parameters: parameters.clone() };
    let id = draft.propose(ordered, None)?;
    if restarts { assign::order_move(draft, session, lease.registration, Some(id)) } else { Ok(()) }
}

/// The lease of a session that runs and is not about to be closed.
fn judge<'a>(fleet: &'a Fleet, session: &SessionId) -> Result<&'a Lease, Refusal> {
    let entry = fleet.session(session).ok_or_else(|| Refusal::SessionUnknown(session.clone()))?;
    let lease = entry.lease.as_ref().ok_or_else(|| Refusal::NobodyToAct(session.clone()))?;
    if !lease.confirmed {
        return Err(Refusal::EpochSettling { session: session.clone(), epoch: fleet.epoch() });
    }
    if let Some(to) = &lease.moving_to {
        return Err(Refusal::MovingAlready { session: session.clone(), to: to.pod.clone() });
    }
    match fleet.stop_reason(session, lease) {
        Some(why) => Err(Refusal::Closing { session: session.clone(), why }),
        None => Ok(lease),
    }
}

/// Whether the connector of the running session knows the action, and takes these parameters.
fn check_parameters(fleet: &Fleet, order: &OrderAction, spec: &AdapterSpec) -> Result<(), Refusal> {
    let OrderAction { session, action, parameters } = order;
    check_json("parameters", parameters)?;
    let value = serde_json::Value::Object(parameters.clone());
    let length = value.to_string().len();
    if length > MAX_PARAMETERS {
        let problem = format!("{length} bytes of JSON are more than the {MAX_PARAMETERS} that an action may bring");
        return Err(InvalidField::new("parameters", problem).into());
    }
    let Some(schema) = schema_of(fleet, session, action, spec)? else { return Ok(()) };
    Ok(InvalidFields::none(problems(&schema, &value, "parameters", Texts::Plain))?)
}

/// The schema of an action's parameters; nothing if any are allowed.
fn schema_of(fleet: &Fleet, session: &SessionId, action: &ActionName, spec: &AdapterSpec) -> Result<Option<serde_json::Value>, Refusal> {
    let descriptor = fleet.descriptor(&spec.connector);
    let passes_any = descriptor.as_ref().is_some_and(|descriptor| descriptor.passes_any_action);
    let of_adapter = declared_actions(spec).filter(|_| passes_any);
    let any = passes_any && of_adapter.is_none();
    let mut known: Vec<ActionDescriptor> = vec![restart()];
    known.extend(descriptor.iter().flat_map(|descriptor| descriptor.actions.clone()));
    known.extend(of_adapter.unwrap_or_default());
    match known.iter().find(|known| known.name == action.as_str()) {
        Some(found) => Ok(Some(found.parameters_schema.clone())),
        None if any => Ok(None),
        None => {
            let known = known.into_iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
            Err(Refusal::ActionUnsupported { session: session.clone(), action: action.clone(), connector: spec.connector.clone(), known })
        }
    }
}

/// A session is not closed unless its own pod can start it again, with the newest revision of its adapter.
fn check_restart(fleet: &Fleet, session: &SessionId, lease: &Lease, observed: &impl Observed) -> Result<(), Refusal> {
    if !epoch::may_grant(fleet, session, observed) {
        return Err(Refusal::EpochSettling { session: session.clone(), epoch: fleet.epoch() });
    }
    let adapter = fleet.adapter(&session.adapter).ok_or_else(|| Refusal::AdapterUnknown(session.adapter.clone()))?;
    let pod = lease.holder.pod.clone();
    let mut owner = fleet.registration(lease.registration).ok_or_else(|| Refusal::PodUnknown(pod.clone()))?.clone();
    // Its room as it will be once the session is closed.
    owner.used = owner.used.saturating_sub(lease.units);
    let silence = observed.silence(lease.registration, adapter.spec.lease_ttl_ms);
    placement::fits(fleet, &owner, &adapter.spec, silence).map_err(|why| Refusal::CannotRunThere { session: session.clone(), pod, why })
}

/// Each answer is kept or refused on its own: only who owns a session has anything to say about its actions.
pub(super) fn answer(draft: &mut Draft, answers: &AnswerActions) -> Result<(), Refusal> {
    if answers.answers.len() > MAX_ANSWERS {
        let problem = format!("{} answers are more than the {MAX_ANSWERS} that one request may bring", answers.answers.len());
        return Err(InvalidField::new("answers", problem).into());
    }
    speaker(&draft.fleet, &answers.holder, &answers.access_token)?;
    for answer in &answers.answers {
        match judge_answer(&draft.fleet, &answers.holder, answer) {
            Ok(Some(answered)) => drop(draft.propose(answered, Some(answer.action))?),
            Ok(None) => {}
            Err(refusal) => draft.refuse(&answer.session, refusal),
        }
    }
    Ok(())
}

/// What an answer comes to; nothing if it was given already.
fn judge_answer(fleet: &Fleet, holder: &Holder, answer: &OwnersAnswer) -> Result<Option<ActionAnswered>, Refusal> {
    let OwnersAnswer { session, token, action, state, message } = answer;
    let entry = fleet.session(session).ok_or_else(|| Refusal::SessionUnknown(session.clone()))?;
    let own = entry.lease.as_ref().filter(|lease| lease.holder == *holder && lease.token == *token);
    let why = || "another run of the session owns it, or none".to_owned();
    let lease = own.ok_or_else(|| Refusal::LeaseNotHeld { session: session.clone(), given: *token, why: why() })?;
    // A restart is answered by the release, and by nothing else.
    let open = lease.actions.get(action).filter(|open| !open.is_restart());
    let open = open.ok_or_else(|| Refusal::ActionOver { session: session.clone(), action: *action })?;
    if *state == Answer::Received && open.received {
        return Ok(None);
    }
    let kept = |message: &String| message.replace('\0', "\u{fffd}").chars().take(MAX_MESSAGE).collect();
    let (name, message) = (open.name.clone(), message.as_ref().map(kept));
    Ok(Some(ActionAnswered { session: session.clone(), token: *token, action: *action, name, state: *state, message }))
}

/// The restarts that the release of a session carries out, as their answers.
pub(super) fn restarted(session: &SessionId, lease: &Lease) -> Vec<ActionAnswered> {
    let restarts = lease.actions.iter().filter(|(_, open)| open.is_restart());
    let answered = |(action, open): (&i64, &crate::domain::action::OpenAction)| ActionAnswered {
        session: session.clone(),
        token: lease.token,
        action: *action,
        name: open.name.clone(),
        state: Answer::Done,
        message: Some("the session was closed and starts again".into()),
    };
    restarts.map(answered).collect()
}
