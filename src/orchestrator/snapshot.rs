//! The state that everybody else reads: cheap to take, never changed.

use crate::domain::fleet::Fleet;
use crate::domain::token::Position;
use crate::orchestrator::receipt::Receipts;
use crate::orchestrator::sight::Sight;
use crate::wire::push::AsOf;

#[derive(Debug, Clone)]
pub struct Snapshot {
    pub fleet: Fleet,
    pub sight: Sight,
    /// The last position of all that was folded, pulses included.
    pub position: Position,
    pub receipts: Receipts,
}

impl Snapshot {
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        AsOf { epoch: self.fleet.epoch(), ledger_position: self.fleet.ledger_position() }
    }
}
