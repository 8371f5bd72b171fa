//! I3: two pods never believe in one session at the same instant. What a pod writes is what it believes, and the network notes
//! when each line was written, before anything is done to it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Violation;
use crate::arena::pod_name;
use crate::evidence::{Deed, Evidence};
use crate::faults::Target;
use crate::network::tap::Stamp;

/// A pause reaches back this far: what was about to be written then is written after it.
pub(super) const BEFORE: Duration = Duration::from_secs(6);

/// The clock is read a moment after the line was written.
const READING: Duration = Duration::from_millis(3);

/// A pause may hit the few microseconds between the look at the lease and the write. Of so many pauses, one may.
const PAUSES_A_SLIP: usize = 100;

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut sessions: BTreeMap<&str, Vec<&Stamp>> = BTreeMap::new();
    for stamp in &evidence.stamps {
        sessions.entry(&stamp.line.session).or_default().push(stamp);
    }
    let (mut wrong, mut slips) = (Vec::new(), Vec::new());
    for stamps in sessions.values() {
        judge_session(evidence, stamps, &mut wrong, &mut slips);
    }
    let pauses = evidence.deeds.iter().filter(|done| matches!(done.deed, Deed::Paused | Deed::PausedWithPrograms)).count();
    if slips.len() > pauses / PAUSES_A_SLIP {
        wrong.append(&mut slips);
    }
    wrong
}

fn judge_session(evidence: &Evidence, stamps: &[&Stamp], wrong: &mut Vec<Violation>, slips: &mut Vec<Violation>) {
    let mut newest = stamps[0];
    let mut told = 0;
    for stamp in stamps {
        if stamp.line.token > newest.line.token {
            newest = stamp;
            continue;
        }
        if stamp.line.token == newest.line.token || stamp.line.token == told {
            continue;
        }
        let late = stamp.at.saturating_sub(newest.at);
        if late <= READING + evidence.stall_within(newest.at.saturating_sub(BEFORE / 10), stamp.at) {
            continue;
        }
        let what = format!(
            "{} wrote {} of {} under {}, {late:?} after {} had begun under {}",
            stamp.line.pod, stamp.line.verb, stamp.line.session, stamp.line.token, newest.line.pod, newest.line.token
        );
        let program = stamp.line.session.starts_with("program");
        match paused(evidence, &stamp.line.pod, newest.at.saturating_sub(BEFORE), stamp.at) {
            // A program knows nothing of leases, so it writes when it goes on, until its guard goes on too: I2 is for that.
            Some(Deed::PausedWithPrograms) if program => continue,
            Some(_) if !program => slips.push(Violation::new("I3", format!("{what}, when it went on after a pause"))),
            _ => wrong.push(Violation::new("I3", what)),
        }
        told = stamp.line.token;
    }
}

/// How a pod was paused last in that time.
pub(super) fn paused(evidence: &Evidence, pod: &str, from: Duration, to: Duration) -> Option<Deed> {
    let of = |target: Target| matches!(target, Target::Pod(index) if pod_name(index) == pod);
    let pauses = evidence.deeds.iter().filter(|done| of(done.target) && matches!(done.deed, Deed::Paused | Deed::PausedWithPrograms));
    pauses.filter(|done| done.at >= from && done.at <= to).map(|done| done.deed).next_back()
}
