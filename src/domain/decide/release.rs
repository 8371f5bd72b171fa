//! A pod has closed sessions and gives them back.

use super::{Draft, action};
use crate::domain::command::Release;
use crate::domain::event::SessionReleased;
use crate::domain::fleet::{Fleet, Lease, RegistrationState};
use crate::domain::name::{Holder, SessionId};
use crate::domain::refusal::Refusal;
use crate::domain::token::FencingToken;

/// Each session is released or refused on its own. A superseded incarnation may release too: it frees what it still holds.
pub(super) fn release(draft: &mut Draft, release: &Release) -> Result<(), Refusal> {
    let (_, registration) = draft.fleet.registration_of(&release.holder).ok_or_else(|| Refusal::HolderUnknown(release.holder.clone()))?;
    if registration.access_token != release.access_token {
        return Err(Refusal::NotYourPod(release.holder.clone()));
    }
    for (session, token) in &release.sessions {
        match judge(&draft.fleet, &release.holder, session, *token) {
            Ok(()) => {
                let Holder { pod, incarnation } = release.holder.clone();
                let handover = hands_over(&draft.fleet, session);
                if handover && is_moving(&draft.fleet, session) {
                    draft.promised.insert(session.clone());
                }
                let restarted = lease_of(&draft.fleet, session).filter(|_| handover).map(|lease| action::restarted(session, lease));
                for answered in restarted.unwrap_or_default() {
                    let ordered = answered.action;
                    draft.propose(answered, Some(ordered))?;
                }
                draft.propose(SessionReleased { session: session.clone(), token: *token, pod, incarnation, handover }, None)?;
            }
            Err(refusal) => draft.refuse(session, refusal),
        }
    }
    Ok(())
}

/// Owner *and* token must match; a token from the future is refused like one from the past, but told apart.
fn judge(fleet: &Fleet, holder: &Holder, session: &SessionId, token: FencingToken) -> Result<(), Refusal> {
    let entry = fleet.session(session).ok_or_else(|| Refusal::SessionUnknown(session.clone()))?;
    if entry.last_token.is_none_or(|last| token > last) {
        return Err(Refusal::TokenFromTheFuture { session: session.clone(), given: token });
    }
    let over = |why: String| Refusal::LeaseNotHeld { session: session.clone(), given: token, why };
    match &entry.lease {
        None => Err(over("nobody owns it now".into())),
        Some(lease) if lease.token != token => Err(over(format!("{} owns it under token {}", lease.holder, lease.token))),
        Some(lease) if lease.holder != *holder => Err(over(format!("it belongs to {}", lease.holder))),
        Some(_) => Ok(()),
    }
}

/// Whether the session is to run on elsewhere: it was ordered to move, or its pod is leaving.
fn hands_over(fleet: &Fleet, session: &SessionId) -> bool {
    fleet.wants(session) && (is_moving(fleet, session) || is_leaving(fleet, session))
}

fn is_moving(fleet: &Fleet, session: &SessionId) -> bool {
    lease_of(fleet, session).is_some_and(|lease| lease.moving_to.is_some())
}

fn is_leaving(fleet: &Fleet, session: &SessionId) -> bool {
    let owner = lease_of(fleet, session).and_then(|lease| fleet.registration(lease.registration));
    owner.is_some_and(|owner| owner.state != RegistrationState::Ready)
}

fn lease_of<'a>(fleet: &'a Fleet, session: &SessionId) -> Option<&'a Lease> {
    fleet.session(session)?.lease.as_ref()
}
