//! A pod claims sessions by name.

use super::{Draft, assign, epoch, speaker};
use crate::domain::command::Claim;
use crate::domain::event::ClaimKind;
use crate::domain::fleet::{Fleet, Registration};
use crate::domain::name::{Holder, RegistrationId, SessionId};
use crate::domain::placement::{self, Observed};
use crate::domain::refusal::Refusal;

/// Each session is granted or refused on its own; one that the pod owns already is granted as it is.
pub(super) fn claim(draft: &mut Draft, claim: &Claim, observed: &impl Observed) -> Result<(), Refusal> {
    let (id, _) = speaker(&draft.fleet, &claim.holder, &claim.access_token)?;
    for session in &claim.sessions {
        match judge(&draft.fleet, &claim.holder, id, session, observed) {
            Ok(Verdict::Grant) => assign::give(draft, session, id, Some(ClaimKind::Request), None)?,
            Ok(Verdict::OwnAlready) => {}
            Err(refusal) => draft.refuse(session, refusal),
        }
    }
    Ok(())
}

enum Verdict {
    Grant,
    OwnAlready,
}

fn judge(fleet: &Fleet, holder: &Holder, id: RegistrationId, session: &SessionId, observed: &impl Observed) -> Result<Verdict, Refusal> {
    let adapter = fleet.adapter(&session.adapter).ok_or_else(|| Refusal::AdapterUnknown(session.adapter.clone()))?;
    let entry = fleet.session(session).ok_or_else(|| Refusal::SessionUnknown(session.clone()))?;
    if let Some(lease) = &entry.lease {
        return if !lease.confirmed {
            Err(Refusal::EpochSettling { session: session.clone(), epoch: fleet.epoch() })
        } else if lease.holder == *holder {
            Ok(Verdict::OwnAlready)
        } else {
            Err(Refusal::OwnedByAnother { session: session.clone(), owner: lease.holder.clone() })
        };
    }
    if !adapter.enabled {
        return Err(Refusal::AdapterDisabled(session.adapter.clone()));
    }
    if !epoch::may_grant(fleet, session, observed) {
        return Err(Refusal::EpochSettling { session: session.clone(), epoch: fleet.epoch() });
    }
    let silence = observed.silence(id, adapter.spec.lease_ttl_ms);
    let fits = |registration: &Registration| placement::fits(fleet, registration, &adapter.spec, silence);
    match fleet.registration(id).map(fits) {
        Some(Ok(())) => Ok(Verdict::Grant),
        Some(Err(why)) => Err(Refusal::CannotRunThere { session: session.clone(), pod: holder.pod.clone(), why }),
        None => Err(Refusal::HolderUnknown(holder.clone())),
    }
}
