//! Pods come and go: registration and orderly leave.

use super::{Draft, speaker};
use crate::domain::adapter::{InvalidField, check_labels};
use crate::domain::command::{Leave, Register};
use crate::domain::event::{PodLeft, PodRegistered};
use crate::domain::fleet::{Fleet, Registration, RegistrationState};
use crate::domain::name::{Holder, RegistrationId};
use crate::domain::plugin::check_platform;
use crate::domain::refusal::Refusal;

const MAX_CAPACITY: u32 = 1_000_000;
const MAX_CONNECTORS: usize = 256;

/// Registers an incarnation, or confirms that it is registered. A newer incarnation of a name supersedes the older.
pub(super) fn register(draft: &mut Draft, register: &Register) -> Result<(), Refusal> {
    check(register)?;
    let holder = &register.holder;
    if let Some((_, current)) = draft.fleet.pod(&holder.pod)
        && current.holder == *holder
    {
        return confirm(current, register);
    }
    if superseded(&draft.fleet, holder) {
        return Err(Refusal::Superseded { pod: holder.pod.clone(), given: holder.clone() });
    }
    let event = PodRegistered {
        pod: holder.pod.clone(),
        incarnation: holder.incarnation.clone(),
        registration: RegistrationId(draft.fleet.last_registration().0 + 1),
        capacity: register.capacity,
        labels: register.labels.clone(),
        connectors: register.connectors.clone(),
        platform: register.platform.clone(),
        access_token: register.access_token.clone(),
    };
    draft.propose(event, None).map(drop)
}

/// A registration stands as it was made: what was placed by it must not be overtaken by other facts.
fn confirm(current: &Registration, register: &Register) -> Result<(), Refusal> {
    if current.access_token != register.access_token {
        return Err(Refusal::NotYourPod(register.holder.clone()));
    }
    let given = (register.capacity, &register.labels, &register.connectors, &register.platform);
    if (current.capacity, &current.labels, &current.connectors, &current.platform) != given {
        return Err(Refusal::RegistrationDiffers(register.holder.clone()));
    }
    Ok(())
}

/// Known by the start that has the name now, or by leases that it still holds when that one is gone.
fn superseded(fleet: &Fleet, holder: &Holder) -> bool {
    let former = fleet.pod(&holder.pod).is_some_and(|(_, current)| current.former.contains(&holder.incarnation));
    former || fleet.registration_of(holder).is_some_and(|(_, registration)| registration.state == RegistrationState::Superseded)
}

fn check(register: &Register) -> Result<(), InvalidField> {
    if register.capacity > MAX_CAPACITY {
        return Err(InvalidField::new("capacity", format!("{} is more than {MAX_CAPACITY}", register.capacity)));
    }
    if register.connectors.len() > MAX_CONNECTORS {
        return Err(InvalidField::new("connectors", format!("{} are more than {MAX_CONNECTORS}", register.connectors.len())));
    }
    if let Some(platform) = &register.platform {
        check_platform("platform", platform)?;
    }
    check_labels("labels", &register.labels)
}

/// A pod that has released everything says goodbye, so that nobody waits for its silence.
pub(super) fn leave(draft: &mut Draft, leave: &Leave) -> Result<(), Refusal> {
    let (registration, current) = speaker(&draft.fleet, &leave.holder, &leave.access_token)?;
    if !current.leases.is_empty() {
        return Err(Refusal::HoldsSessions(leave.holder.clone()));
    }
    let holder = leave.holder.clone();
    draft.propose(PodLeft { pod: holder.pod, incarnation: holder.incarnation, registration }, None).map(drop)
}
