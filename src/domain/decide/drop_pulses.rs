//! Records that old pulses go. Nothing of the fleet depends on them (design 5), so nothing else follows.

use super::{Decision, Draft};
use crate::domain::adapter::InvalidField;
use crate::domain::command::DropPulses;
use crate::domain::event::PulsesDropped;
use crate::domain::refusal::Refusal;

/// No placement follows: this comes from a chore of an orchestrator and must not be what gives a session away.
pub(super) fn drop_pulses(mut draft: Draft, drop: &DropPulses) -> Result<Decision, Refusal> {
    let DropPulses { partition, first, last, count } = *drop;
    let room = last.checked_sub(first).and_then(|span| u64::try_from(span).ok()).map(|span| span + 1);
    if first < 1 || room.is_none_or(|room| count < 1 || count > room) {
        return Err(InvalidField::new("count", format!("{count} pulses do not fit between positions {first} and {last}")).into());
    }
    draft.propose(PulsesDropped { first, last, count, partition: Some(partition) }, None)?;
    Ok(draft.finish())
}
