//! Whoever was told that something is done finds it done, at every orchestrator that has its database.

use std::time::Duration;

use super::Violation;
use crate::evidence::Evidence;
use crate::faults::Target;

/// While an orchestrator is out of touch with the database it shows what it knew last; and that may be found out a little late.
const AROUND: Duration = Duration::from_secs(2);

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let stale = evidence.readings.iter().filter(|reading| !reading.shown).filter(|reading| {
        let (from, to) = (reading.span.from.saturating_sub(AROUND), reading.span.to + AROUND);
        !evidence.is_later_than_the_run(to)
            && !evidence.disturbed(Target::Orchestrator(reading.at), from, to)
            && !evidence.disturbed(Target::Database, from, to)
    });
    stale.map(|reading| Violation::new("stale read", format!("{reading:?}"))).collect()
}
