//! Decisions: a command and the fleet in, events or a refusal out. Pure; one verb, one file.
//!
//! Every decision ends by giving vacant sessions to pods that can run them (`assign`): registration is a standing claim, so
//! whatever frees a session or brings a pod also decides who runs it, in one append.

mod access_token;
mod action;
mod adapter;
mod artifact;
mod assign;
mod claim;
mod drain;
mod drop_pulses;
mod epoch;
mod expire;
mod heartbeat;
mod log;
mod maintenance;
mod move_session;
mod plugin;
mod pod;
mod rebalance;
mod release;
mod set_enabled;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use uuid::Uuid;

pub use drain::preview as preview_drain;
pub use epoch::settles_after;
pub use expire::lost_after;
pub use move_session::judge as judge_move;
pub use rebalance::preview as preview_rebalance;

use super::command::Command;
use super::event::{Event, Recorded};
use super::evolve::evolve;
use super::fleet::{Fleet, Registration};
use super::identity::AccessTokenId;
use super::name::{Holder, RegistrationId, SessionId};
use super::placement::Observed;
use super::refusal::Refusal;
use super::token::Position;

/// An event to be appended.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub event: Event,
    /// The position of the event that led to this one. Beyond the fleet's last position it means a proposal of the same
    /// append: `ledger_position + 1` is the first.
    pub cause: Option<Position>,
}

/// What a command comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub events: Vec<Proposal>,
    /// Sessions of the command that it does not get, each with the reason. The rest of the command stands.
    pub refused: Vec<(SessionId, Refusal)>,
    /// The fleet with the events folded at provisional positions.
    pub after: Fleet,
}

/// Decides on a command. Nothing is changed; whoever appends the events folds them.
pub fn decide(fleet: &Fleet, command: &Command, observed: &impl Observed) -> Result<Decision, Refusal> {
    let mut draft = Draft::new(fleet);
    match command {
        Command::PutAdapter(put) => adapter::put(&mut draft, put)?,
        Command::DeleteAdapter { adapter, precondition } => adapter::delete(&mut draft, adapter, *precondition)?,
        Command::PutArtifact(put) => artifact::put(&mut draft, put)?,
        Command::DeleteArtifact { artifact, precondition } => artifact::delete(&mut draft, artifact, *precondition)?,
        Command::InstallPlugin(install) => plugin::install(&mut draft, install)?,
        Command::RemovePlugin { plugin } => plugin::remove(&mut draft, plugin)?,
        Command::SetEnabled(set) => set_enabled::set_enabled(&mut draft, set)?,
        Command::BeginMaintenance { targets, reason } => maintenance::begin(&mut draft, targets, reason.as_ref())?,
        Command::EndMaintenance { reason } => maintenance::end(&mut draft, reason.as_ref())?,
        Command::Register(register) => pod::register(&mut draft, register)?,
        Command::Heartbeat(heartbeat) => return heartbeat::heartbeat(draft, heartbeat),
        Command::Claim(claim) => claim::claim(&mut draft, claim, observed)?,
        Command::Release(release) => release::release(&mut draft, release)?,
        Command::Expire => expire::expire(&mut draft, observed)?,
        Command::Drain(drain) => drain::drain(&mut draft, drain)?,
        Command::DropPulses(drop) => return drop_pulses::drop_pulses(draft, drop),
        Command::Undrain { pod } => drain::undrain(&mut draft, pod)?,
        Command::Leave(leave) => pod::leave(&mut draft, leave)?,
        Command::Log(entries) => {
            log::log(&mut draft, entries)?;
            return Ok(draft.finish());
        }
        Command::Move(order) => move_session::move_session(&mut draft, order, observed)?,
        Command::OrderAction(order) => action::order(&mut draft, order, observed)?,
        Command::AnswerActions(answers) => {
            action::answer(&mut draft, answers)?;
            return Ok(draft.finish());
        }
        Command::Rebalance(order) => rebalance::rebalance(&mut draft, *order, observed)?,
        Command::CreateAccessToken(create) => access_token::create(&mut draft, create)?,
        Command::RevokeAccessToken { id } => access_token::revoke(&mut draft, id)?,
    }
    assign::assign(&mut draft, observed)?;
    Ok(draft.finish())
}

/// A decision in the making: the fleet as it will be, and the events that make it so.
struct Draft {
    fleet: Fleet,
    events: Vec<Proposal>,
    refused: Vec<(SessionId, Refusal)>,
    /// Sessions that this decision has released to a pod which kept room for them.
    promised: BTreeSet<SessionId>,
}

impl Draft {
    fn new(fleet: &Fleet) -> Self {
        Self { fleet: fleet.clone(), events: Vec::new(), refused: Vec::new(), promised: BTreeSet::new() }
    }

    /// Adds an event and folds it; gives back its provisional position.
    fn propose(&mut self, event: impl Into<Event>, cause: Option<Position>) -> Result<Position, Refusal> {
        let event = event.into();
        let recorded = provisional(&self.fleet, event.clone(), cause);
        let position = recorded.position;
        self.fleet = evolve(std::mem::replace(&mut self.fleet, Fleet::new(recorded.epoch)), &recorded)?;
        self.events.push(Proposal { event, cause });
        Ok(position)
    }

    fn refuse(&mut self, session: &SessionId, refusal: Refusal) {
        self.refused.push((session.clone(), refusal));
    }

    /// The events so far, each with its provisional position.
    fn proposed(&self) -> impl Iterator<Item = (Position, &Event)> {
        let count = Position::try_from(self.events.len()).unwrap_or(Position::MAX);
        let positions = self.fleet.ledger_position().saturating_sub(count) + 1..;
        positions.zip(self.events.iter().map(|proposal| &proposal.event))
    }

    /// The provisional position of the first event, which caused the others.
    fn first_position(&self) -> Option<Position> {
        self.proposed().next().map(|(position, _)| position)
    }

    fn finish(self) -> Decision {
        Decision { events: self.events, refused: self.refused, after: self.fleet }
    }
}

/// An event as it would stand in the log if it came next and no pulse came between.
#[must_use]
pub fn provisional(fleet: &Fleet, event: Event, cause: Option<Position>) -> Recorded {
    Recorded {
        position: fleet.ledger_position() + 1,
        epoch: fleet.epoch(),
        id: Uuid::nil(),
        recorded_at: fleet.recorded_at(),
        actor: String::new(),
        request_id: None,
        cause,
        event,
    }
}

/// The current registration of a holder that speaks for itself.
fn speaker<'a>(fleet: &'a Fleet, holder: &Holder, access_token: &AccessTokenId) -> Result<(RegistrationId, &'a Registration), Refusal> {
    let (id, current) = fleet.pod(&holder.pod).ok_or_else(|| Refusal::HolderUnknown(holder.clone()))?;
    if current.holder != *holder {
        return Err(Refusal::Superseded { pod: holder.pod.clone(), given: holder.clone() });
    }
    if current.access_token != *access_token {
        return Err(Refusal::NotYourPod(holder.clone()));
    }
    Ok((id, current))
}
