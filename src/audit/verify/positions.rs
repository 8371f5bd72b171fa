//! Which positions are filled: ledger events and pulses together fill 1 to the head, but for pulses that retention dropped and
//! said so.

use serde::Deserialize;

use super::report::{Check, Difference};
use crate::domain::token::Position;

/// The type of the ledger event that accounts for dropped pulses.
pub(super) const PULSES_DROPPED: &str = "PulsesDropped";

/// What such an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Dropped {
    first: Position,
    last: Position,
    count: i64,
}

/// Positions so far. A bit for each, and a pair for each gap.
#[derive(Debug, Default)]
pub(super) struct Positions {
    last: Position,
    ledger: Vec<u64>,
    /// First and last of each run of positions that hold nothing.
    gaps: Vec<(Position, Position)>,
    dropped: Vec<(Position, Dropped)>,
}

impl Positions {
    pub(super) fn last(&self) -> Position {
        self.last
    }

    /// The first position between two ledger events that holds nothing, if there is one. Pulses may stand between them too.
    pub(super) fn gap_between(&self, ledger: Position, next: Position) -> Option<Position> {
        let first = self.gaps.partition_point(|(first, _)| *first <= ledger);
        self.gaps.get(first).map(|(first, _)| *first).or_else(|| self.gap_before(next))
    }

    fn gap_before(&self, next: Position) -> Option<Position> {
        (next > self.last + 1).then_some(self.last + 1)
    }

    pub(super) fn has_ledger(&self, position: Position) -> bool {
        let Some((word, bit)) = slot(position) else { return false };
        self.ledger.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn fill_ledger(&mut self, position: Position) {
        self.fill(position);
        let Some((word, bit)) = slot(position) else { return };
        if self.ledger.len() <= word {
            self.ledger.resize(word + 1, 0);
        }
        if let Some(word) = self.ledger.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn fill(&mut self, position: Position) {
        if let Some(first) = self.gap_before(position) {
            self.gaps.push((first, position - 1));
        }
        self.last = position;
    }

    /// Notes what the event at a position says was dropped.
    pub(super) fn account(&mut self, position: Position, data: &str) -> Result<(), Difference> {
        let unreadable = |problem: String| Difference::at(Check::Unreadable, position, format!("{PULSES_DROPPED}: {problem}"));
        let dropped: Dropped = serde_json::from_str(data).map_err(|error| unreadable(error.to_string()))?;
        if dropped.last >= position || dropped.first > dropped.last {
            return Err(unreadable(format!("it speaks of positions {} to {}", dropped.first, dropped.last)));
        }
        self.dropped.push((position, dropped));
        Ok(())
    }

    /// Whether everything up to the head is accounted for.
    pub(super) fn finish(&mut self, head: Position) -> Result<(), Difference> {
        if self.last < head {
            let problem = format!("the log ends at {}, but its head is at {head}: events were removed from the end", self.last);
            return Err(Difference::at(Check::Positions, self.last + 1, problem));
        }
        self.dropped.sort_unstable_by_key(|(_, dropped)| dropped.first);
        for &(first, last) in &self.gaps {
            if let Some(missing) = self.unaccounted(first, last) {
                let problem = "there is no event here, and no record of pulses that were dropped: it was removed";
                return Err(Difference::at(Check::Positions, missing, problem));
            }
        }
        for &(position, Dropped { first, last, count }) in &self.dropped {
            let missing = self.missing_within(first, last);
            if missing != count {
                let problem = format!("it says that {count} pulses from {first} to {last} were dropped, but {missing} are missing there");
                return Err(Difference::at(Check::Positions, position, problem));
            }
        }
        Ok(())
    }

    /// The first position of a gap that no record covers. Records are in order by now.
    fn unaccounted(&self, first: Position, last: Position) -> Option<Position> {
        let mut missing = first;
        let from = self.dropped.partition_point(|(_, dropped)| dropped.last < first);
        for (_, dropped) in self.dropped.iter().skip(from) {
            if missing > last || dropped.first > missing {
                break;
            }
            missing = missing.max(dropped.last + 1);
        }
        (missing <= last).then_some(missing)
    }

    fn missing_within(&self, first: Position, last: Position) -> i64 {
        let from = self.gaps.partition_point(|(_, end)| *end < first);
        let within = self.gaps.iter().skip(from).take_while(|(start, _)| *start <= last);
        within.map(|(start, end)| last.min(*end) - first.max(*start) + 1).sum()
    }
}

fn slot(position: Position) -> Option<(usize, u64)> {
    let position = usize::try_from(position).ok()?;
    Some((position / 64, 1 << (position % 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(positions: impl IntoIterator<Item = Position>) -> Positions {
        let mut filled = Positions::default();
        positions.into_iter().for_each(|position| filled.fill_ledger(position));
        filled
    }

    fn found(result: Result<(), Difference>) -> Option<Position> {
        result.expect_err("a difference").position
    }

    #[test]
    fn a_gap_is_named_by_its_first_position() {
        assert_eq!(filled(1..=9).finish(9), Ok(()));
        assert_eq!(found(filled([1, 2, 5, 6]).finish(6)), Some(3));
        assert_eq!(found(filled([2, 3]).finish(3)), Some(1));
        assert_eq!(found(filled([1, 2]).finish(3)), Some(3));
    }

    #[test]
    fn a_gap_before_a_pulse_lies_between_its_neighbours_too() {
        let mut positions = filled([1, 2]);
        positions.fill(4);
        assert_eq!((positions.gap_between(2, 5), positions.gap_between(2, 7)), (Some(3), Some(3)));
        positions.fill_ledger(5);
        assert_eq!((positions.gap_between(5, 6), positions.gap_between(5, 7)), (None, Some(6)));
    }

    #[test]
    fn pulses_that_were_dropped_and_recorded_are_no_gap() {
        let mut positions = filled([1, 4, 7, 8]);
        positions.account(8, r#"{"first":2,"last":6,"count":4}"#).expect("sensible");
        assert_eq!(positions.finish(8), Ok(()));
    }

    #[test]
    fn more_is_missing_than_was_recorded() {
        let mut positions = filled([1, 4, 7, 8]);
        positions.account(8, r#"{"first":2,"last":5,"count":3}"#).expect("sensible");
        assert_eq!(found(positions.finish(8)), Some(6));
        let mut positions = filled([1, 4, 7, 8]);
        positions.account(8, r#"{"first":2,"last":6,"count":3}"#).expect("sensible");
        assert_eq!(found(positions.finish(8)), Some(8), "a ledger event was removed among dropped pulses");
    }

    #[test]
    fn several_records_may_cover_one_gap() {
        let mut positions = filled([1, 10, 11]);
        positions.account(10, r#"{"first":2,"last":5,"count":4}"#).expect("sensible");
        positions.account(11, r#"{"first":6,"last":9,"count":4}"#).expect("sensible");
        assert_eq!(positions.finish(11), Ok(()));
    }

    #[test]
    fn nobody_records_the_future() {
        assert_eq!(found(filled([1, 2]).account(2, r#"{"first":1,"last":2,"count":2}"#)), Some(2));
    }
}
