//! I8: the sessions of a dead pod run elsewhere within the lease timeout and a second, while nothing else is wrong.

use std::time::Duration;

use super::Violation;
use crate::arena::pod_name;
use crate::evidence::{Asked, Deed, Done, Evidence};
use crate::faults::Target;
use crate::ledger::Ownership;
use crate::network::tap::Stamp;

/// Beyond the lease timeout, the connector's start excluded.
const PROMISED: Duration = Duration::from_secs(1);

/// A connection to the witness and its first line.
const CONNECTOR_START: Duration = Duration::from_millis(300);

const TWIN: &str = "two pods of one name";

/// A session of a pod that was killed.
#[derive(Debug, Clone)]
pub struct Takeover {
    #[expect(dead_code, reason = "shown by the violation")]
    pub session: String,
    pub ttl: Duration,
    /// From the kill to the first line under a newer token. Nothing if it never came.
    pub took: Option<Duration>,
    /// Late for what this process could not see in time.
    pub stall: Duration,
}

pub(super) fn judge(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let late = |takeover: &Takeover| takeover.took.is_none_or(|took| took > takeover.ttl + PROMISED + CONNECTOR_START + takeover.stall);
    takeovers(evidence, owners).into_iter().filter(late).map(|late| Violation::new("I8", format!("{late:?}"))).collect()
}

/// Of every pod that was killed while nothing else was wrong.
pub fn takeovers(evidence: &Evidence, owners: &[Ownership]) -> Vec<Takeover> {
    let mut all = of_superseded(evidence, owners);
    let kills = evidence.deeds.iter().filter(|done| done.deed == Deed::Killed && matches!(done.target, Target::Pod(_)));
    all.extend(kills.flat_map(|kill| of(evidence, owners, kill)));
    all
}

/// A newer process of a name is the end of the older one, which counts as dead from then on.
fn of_superseded(evidence: &Evidence, owners: &[Ownership]) -> Vec<Takeover> {
    let mut all = Vec::new();
    for fault in evidence.faults.iter().filter(|fault| fault.kind == TWIN) {
        let pod = fault.on.iter().find_map(|target| if let Target::Pod(pod) = target { Some(pod_name(*pod)) } else { None });
        let twin = evidence.ledger.iter().find(|event| {
            let at = evidence.recorded(event.position);
            event.kind == "PodRegistered" && Some(event.text("pod")) == pod.as_deref() && fault.span.overlaps(at, at)
        });
        let Some(twin) = twin else { continue };
        let at = evidence.recorded(twin.position);
        let of_the_older = |owner: &&Ownership| {
            let open = owner.ended.as_ref().is_none_or(|(position, _)| *position > twin.position);
            owner.pod == twin.text("pod") && owner.claimed < twin.position && open && owner.session != "toggled/0"
        };
        for owner in owners.iter().filter(of_the_older) {
            let ttl = Duration::from_millis(owner.ttl_ms);
            let until = at + ttl + PROMISED + CONNECTOR_START;
            let others = evidence.faults.iter().filter(|other| other.span != fault.span && other.span.overlaps(fault.span.from, until));
            if evidence.is_later_than_the_run(until) || others.count() > 0 || drained(evidence, fault.span.from, until) {
                continue;
            }
            all.push(measured(evidence, owner, at, ttl, until));
        }
    }
    all
}

fn measured(evidence: &Evidence, owner: &Ownership, from: Duration, ttl: Duration, until: Duration) -> Takeover {
    let newer = |stamp: &&Stamp| stamp.line.session == owner.session && stamp.line.token > owner.token;
    let took = evidence.stamps.iter().find(newer).map(|stamp| stamp.at.saturating_sub(from));
    Takeover { session: owner.session.clone(), ttl, took, stall: evidence.stall_within(from, until) * 2 }
}

fn drained(evidence: &Evidence, from: Duration, until: Duration) -> bool {
    evidence.requests.iter().any(|request| request.asked == Asked::Drain && request.span.overlaps(from, until))
}

fn of(evidence: &Evidence, owners: &[Ownership], kill: &Done) -> Vec<Takeover> {
    let Target::Pod(pod) = kill.target else { return Vec::new() };
    let time = |position: i64| evidence.recorded(position);
    let owned = owners.iter().filter(|owner| {
        let ended = owner.ended.as_ref().map(|(position, _)| time(*position));
        owner.pod == pod_name(pod)
            && time(owner.claimed) < kill.at
            && ended.is_none_or(|ended| ended > kill.at)
            && owner.session != "toggled/0"
    });
    let takeover = |owner: &Ownership| {
        let ttl = Duration::from_millis(owner.ttl_ms);
        let until = kill.at + ttl + PROMISED + CONNECTOR_START;
        let takeover = measured(evidence, owner, kill.at, ttl, until);
        // What came after it ran again has not put it off.
        let until = takeover.took.map_or(until, |took| until.min(kill.at + took));
        let pods = takeover.took.map(|_| heirs(evidence, owners, owner, until));
        if evidence.is_later_than_the_run(until) || disturbed(evidence, kill, pods.as_deref(), until) {
            return None;
        }
        Some(takeover)
    };
    owned.filter_map(takeover).collect()
}

/// The pods that were given the session until it ran again.
fn heirs(evidence: &Evidence, owners: &[Ownership], of: &Ownership, until: Duration) -> Vec<String> {
    let later = owners.iter().filter(|owner| owner.session == of.session && owner.token > of.token);
    later.take_while(|owner| evidence.recorded(owner.claimed) < until).map(|owner| owner.pod.clone()).collect()
}

/// Whether anything else happened that may put it off: another fault, the pod's own return, a drain of those who could take over. Of
/// pods only those count that were given the session, if that is known. Where no part is named nobody is meant to notice.
fn disturbed(evidence: &Evidence, kill: &Done, heirs: Option<&[String]>, until: Duration) -> bool {
    let before = kill.at.saturating_sub(Duration::from_millis(600));
    let own = |kind: &str| ["pod killed", "pod killed, its last lines arrive late"].contains(&kind);
    let concerned = |target: &Target| match (target, heirs) {
        (Target::Pod(pod), Some(heirs)) if *target != kill.target => heirs.contains(&pod_name(*pod)),
        _ => true,
    };
    let faults = evidence.faults.iter().filter(|fault| fault.span.overlaps(before, until) && fault.on.iter().any(concerned));
    let mut others = faults.filter(|fault| !(own(fault.kind) && fault.on.contains(&kill.target) && fault.span.from <= kill.at));
    let back = |done: &Done| done.target == kill.target && done.deed == Deed::Started && done.at > kill.at && done.at < until;
    others.next().is_some() || evidence.deeds.iter().any(back) || drained(evidence, before, until)
}
