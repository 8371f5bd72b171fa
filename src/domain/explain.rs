//! What people are shown: how a session or adapter fares, why, and who would take over.
//!
//! Nothing here decides anything. Whoever is not ACTIVE has a reason, in words that name what to look at.

use std::time::Duration;

use super::adapter::Mode;
use super::decide::provisional;
use super::event::LeaseExpired;
use super::evolve::evolve;
use super::fleet::{Adapter, Fleet, Lease, RegistrationState};
use super::name::{AdapterName, PodName, SessionId};
use super::placement::{self, Observed};
use super::status::OperationalStatus;

/// The operational status of a session, and why it is so or what is about to change.
pub fn status_of(fleet: &Fleet, session: &SessionId, observed: &impl Observed) -> (OperationalStatus, Option<String>) {
    let (Some(entry), Some(adapter)) = (fleet.session(session), fleet.adapter(&session.adapter)) else {
        return (OperationalStatus::Inactive, Some(format!("there is no session {session}")));
    };
    match &entry.lease {
        Some(lease) => (lease.status, reason_of_owned(fleet, session, lease, observed)),
        None if adapter.enabled => (OperationalStatus::Claiming, Some(why_unclaimed(fleet, session, observed))),
        None => (OperationalStatus::Inactive, Some(why_disabled(adapter))),
    }
}

/// The status of the least well of an adapter's sessions, with that session's name and reason.
///
/// While an adapter is being disabled, sessions that have not closed yet count as the least well, so `INACTIVE` means that all
/// have.
pub fn adapter_status(fleet: &Fleet, adapter: &AdapterName, observed: &impl Observed) -> (OperationalStatus, Option<String>) {
    let Some(entry) = fleet.adapter(adapter) else {
        return (OperationalStatus::Inactive, Some(format!("there is no adapter {adapter}")));
    };
    let sessions = fleet.sessions_of(adapter).map(|(session, _)| (session, status_of(fleet, session, observed)));
    // Of equally well sessions, one that has something to say speaks for all.
    let worst = sessions.min_by_key(|(_, (status, reason))| (wellness(*status), reason.is_none()));
    match worst {
        Some((session, (status, reason))) if status != OperationalStatus::Inactive => {
            (status, reason.map(|reason| format!("{session}: {reason}")))
        }
        _ => (OperationalStatus::Inactive, Some(why_disabled(entry))),
    }
}

/// Who would get an exclusive session if its owner fell silent now; of one without an owner, who would get it.
///
/// `None` if nobody could, and for sessions that are not exclusive or should not run.
pub fn next_owner(fleet: &Fleet, session: &SessionId, observed: &impl Observed) -> Option<PodName> {
    let exclusive = fleet.adapter(&session.adapter).is_some_and(|adapter| adapter.spec.mode == Mode::Exclusive);
    if !exclusive || !fleet.wants(session) {
        return None;
    }
    let Some(lease) = &fleet.session(session)?.lease else {
        return choose(fleet, session, None, observed);
    };
    // The expiry is played through in a copy of the fleet, so that room which is kept for a move counts as it will then.
    let after = evolve(fleet.clone(), &provisional(fleet, expiry(session, lease).into(), None)).ok()?;
    choose(&after, session, owner_pod(fleet, lease), observed)
}

fn choose(fleet: &Fleet, session: &SessionId, without: Option<&PodName>, observed: &impl Observed) -> Option<PodName> {
    let id = placement::choose(fleet, session, without, observed).ok()?;
    fleet.registration(id).map(|registration| registration.holder.pod.clone())
}

/// The pod that cannot succeed the owner, being the owner. Once superseded, its name belongs to another process, which can.
fn owner_pod<'a>(fleet: &Fleet, lease: &'a Lease) -> Option<&'a PodName> {
    (!superseded(fleet, lease)).then_some(&lease.holder.pod)
}

fn superseded(fleet: &Fleet, lease: &Lease) -> bool {
    fleet.registration(lease.registration).is_none_or(|registration| registration.state == RegistrationState::Superseded)
}

fn expiry(session: &SessionId, lease: &Lease) -> LeaseExpired {
    LeaseExpired {
        session: session.clone(),
        token: lease.token,
        pod: lease.holder.pod.clone(),
        incarnation: lease.holder.incarnation.clone(),
        silence_ms: u64::from(lease.ttl.as_millis()),
        ttl_ms: lease.ttl,
        safety_margin_ms: 0,
    }
}

/// Smaller is worse. An owner that is still closing is less well than a session that has closed.
fn wellness(status: OperationalStatus) -> u8 {
    match status {
        OperationalStatus::Error => 0,
        OperationalStatus::Claiming => 1,
        OperationalStatus::Active => 2,
        OperationalStatus::Inactive => 3,
    }
}

fn why_disabled(adapter: &Adapter) -> String {
    match &adapter.state_reason {
        Some(reason) => format!("the adapter is disabled: {reason}"),
        None => "the adapter is disabled".into(),
    }
}

fn why_unclaimed(fleet: &Fleet, session: &SessionId, observed: &impl Observed) -> String {
    match placement::choose(fleet, session, None, observed) {
        Ok(_) if fleet.settling().is_some() => {
            format!("epoch {} began; another pod may still hold it by history that was lost", fleet.epoch())
        }
        Ok(_) => "waiting to be claimed".into(),
        Err(why) => why.to_string(),
    }
}

/// What its pod says of a session, then what is known about the pod.
fn reason_of_owned(fleet: &Fleet, session: &SessionId, lease: &Lease, observed: &impl Observed) -> Option<String> {
    let closing = fleet.stop_reason(session, lease).map(|why| format!("closing: {why}"));
    let reported = closing.or_else(|| reported_reason(lease));
    let owner = why_owner_may_lose(fleet, lease, observed).or_else(|| why_not_drained(fleet, session, lease, observed));
    match (reported, owner) {
        (Some(reported), Some(owner)) => Some(format!("{reported}; {owner}")),
        (reported, owner) => reported.or(owner),
    }
}

fn reported_reason(lease: &Lease) -> Option<String> {
    let pod = &lease.holder.pod;
    lease.reason.clone().or_else(|| match lease.status {
        OperationalStatus::Active => None,
        OperationalStatus::Claiming => Some(format!("{pod} is starting it")),
        OperationalStatus::Error => Some(format!("{pod} reports an error and gives no reason")),
        OperationalStatus::Inactive => Some(format!("{pod} has closed it")),
    })
}

/// A pod that has missed about two heartbeats is worth a word; so is a process that lives on under a name which it has lost.
fn why_owner_may_lose(fleet: &Fleet, lease: &Lease, observed: &impl Observed) -> Option<String> {
    let pod = &lease.holder.pod;
    if !lease.confirmed {
        return Some(format!("epoch {} began; {pod} has not confirmed yet that it holds it still", fleet.epoch()));
    }
    let (silence, ttl) = (observed.silence(lease.registration, lease.ttl), lease.ttl.as_duration());
    let left = ttl.saturating_sub(silence);
    let ends = if left.is_zero() { "its lease is about to end".into() } else { format!("its lease expires in {}", seconds(left)) };
    if superseded(fleet, lease) {
        Some(format!("{pod} has started anew; unless the process before it closes the session, {ends}"))
    } else if silence * 2 > ttl {
        Some(format!("nothing heard of {pod} for {}; {ends}", seconds(silence)))
    } else {
        None
    }
}

/// Why a session stays on a pod that is to hand it over.
fn why_not_drained(fleet: &Fleet, session: &SessionId, lease: &Lease, observed: &impl Observed) -> Option<String> {
    let draining = fleet.registration(lease.registration).is_some_and(|owner| owner.state == RegistrationState::Draining);
    if !draining || lease.moving_to.is_some() || !fleet.wants(session) {
        return None;
    }
    let pod = &lease.holder.pod;
    match placement::choose(fleet, session, Some(pod), observed) {
        Ok(_) => None,
        Err(why) => Some(format!("{pod} is draining, but {why}")),
    }
}

/// Tenths of a second: finer than anyone reads, coarse enough to compare at a glance.
fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
