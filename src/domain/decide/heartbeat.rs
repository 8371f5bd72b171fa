//! A heartbeat: renews everything the pod owns, and records what has changed since the last one.

use super::{Decision, Draft, epoch, speaker};
use crate::domain::command::{Heartbeat, Report};
use crate::domain::event::{LeaseConfirmed, SessionStatusChanged};
use crate::domain::name::Holder;
use crate::domain::refusal::Refusal;
use crate::domain::status::OperationalStatus;

/// Longest reason that is kept, in characters. Reasons come from connectors and may be anything.
const MAX_REASON: usize = 500;

/// Accepting the heartbeat is all that renewal needs: the pulse that records it is written by whoever appends the decision.
/// No placement follows, so that a heartbeat costs nothing but itself.
pub(super) fn heartbeat(mut draft: Draft, heartbeat: &Heartbeat) -> Result<Decision, Refusal> {
    speaker(&draft.fleet, &heartbeat.holder, &heartbeat.access_token)?;
    for report in &heartbeat.reports {
        let lease = draft.fleet.session(&report.session).and_then(|session| session.lease.as_ref());
        let Some(lease) = lease.filter(|lease| lease.holder == heartbeat.holder && lease.token == report.token) else { continue };
        // A closed session is about to be released, which says it better.
        if report.status == OperationalStatus::Inactive {
            continue;
        }
        if epoch::confirms(lease, heartbeat.epoch, report, &draft.fleet) {
            let (session, token, Holder { pod, incarnation }) = (report.session.clone(), report.token, heartbeat.holder.clone());
            draft.propose(LeaseConfirmed { session, token, pod, incarnation }, None)?;
        }
        let Some(lease) = draft.fleet.session(&report.session).and_then(|session| session.lease.as_ref()) else { continue };
        let reason = shown_reason(report);
        if lease.status != report.status || lease.reason != reason {
            let event = SessionStatusChanged { session: report.session.clone(), token: report.token, status: report.status, reason };
            draft.propose(event, None)?;
        }
    }
    Ok(draft.finish())
}

fn shown_reason(report: &Report) -> Option<String> {
    let reason = report.reason.as_deref().map(|reason| reason.replace('\0', "\u{fffd}").chars().take(MAX_REASON).collect::<String>());
    reason.filter(|reason| !reason.is_empty())
}
