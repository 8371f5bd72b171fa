//! Drains a pod, and takes it back.

use super::{Draft, assign, speaker};
use crate::domain::adapter::check_text;
use crate::domain::command::Drain;
use crate::domain::event::{PodDrained, PodResumed};
use crate::domain::fleet::{Fleet, RegistrationState};
use crate::domain::name::{Holder, PodName, SessionId};
use crate::domain::placement::Observed;
use crate::domain::refusal::Refusal;

/// Marks the pod; the orders to hand over follow from [`assign`], now and whenever room appears.
pub(super) fn drain(draft: &mut Draft, drain: &Drain) -> Result<(), Refusal> {
    if let Some(reason) = &drain.reason {
        check_text("reason", reason)?;
    }
    if let (Some(incarnation), Some(access_token)) = (&drain.incarnation, &drain.access_token) {
        let holder = Holder { pod: drain.pod.clone(), incarnation: incarnation.clone() };
        speaker(&draft.fleet, &holder, access_token)?;
    }
    let (registration, current) = draft.fleet.pod(&drain.pod).ok_or_else(|| Refusal::PodUnknown(drain.pod.clone()))?;
    if drain.incarnation.as_ref().is_some_and(|given| *given != current.holder.incarnation) {
        let given =
            Holder { pod: drain.pod.clone(), incarnation: drain.incarnation.clone().unwrap_or_else(|| current.holder.incarnation.clone()) };
        return Err(Refusal::Superseded { pod: drain.pod.clone(), given });
    }
    if current.state == RegistrationState::Draining {
        return Ok(());
    }
    draft.propose(PodDrained { pod: drain.pod.clone(), registration, reason: drain.reason.clone() }, None).map(drop)
}

pub(super) fn undrain(draft: &mut Draft, pod: &PodName) -> Result<(), Refusal> {
    let (registration, current) = draft.fleet.pod(pod).ok_or_else(|| Refusal::PodUnknown(pod.clone()))?;
    if current.state != RegistrationState::Draining {
        return Err(Refusal::NotDraining(pod.clone()));
    }
    draft.propose(PodResumed { pod: pod.clone(), registration }, None).map(drop)
}

/// Where each session of a pod would go, or does go if the pod is draining already. `None`: it stays until there is room.
pub fn preview(fleet: &Fleet, pod: &PodName, observed: &impl Observed) -> Result<Vec<(SessionId, Option<PodName>)>, Refusal> {
    let (id, current) = fleet.pod(pod).ok_or_else(|| Refusal::PodUnknown(pod.clone()))?;
    let mut draft = Draft::new(fleet);
    if current.state != RegistrationState::Draining {
        let order = Drain { pod: pod.clone(), incarnation: None, access_token: None, reason: None };
        drain(&mut draft, &order)?;
    }
    assign::assign(&mut draft, observed)?;
    let leases = draft.fleet.leases_of(id);
    Ok(leases.map(|(session, lease)| (session.clone(), lease.moving_to.as_ref().map(|to| to.pod.clone()))).collect())
}
