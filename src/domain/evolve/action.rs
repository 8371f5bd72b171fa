//! What actions change: the list of those that wait for an answer.

use std::sync::Arc;

use super::lease;
use crate::domain::action::{Answer, OpenAction};
use crate::domain::event::{ActionAnswered, ActionOrdered};
use crate::domain::fleet::Fleet;
use crate::domain::token::Position;

pub(super) fn order(fleet: &mut Fleet, position: Position, event: &ActionOrdered) -> Result<(), String> {
    let lease = lease(fleet, &event.session, event.token)?;
    let open = OpenAction { name: event.action.clone(), parameters: Arc::new(event.parameters.clone()), received: false };
    lease.actions.insert(position, open);
    Ok(())
}

pub(super) fn answer(fleet: &mut Fleet, event: &ActionAnswered) -> Result<(), String> {
    let lease = lease(fleet, &event.session, event.token)?;
    let open = lease
        .actions
        .get_mut(&event.action)
        .ok_or_else(|| format!("no action {} of {} waits for an answer", event.action, event.session))?;
    if event.state == Answer::Received {
        open.received = true;
    } else {
        lease.actions.remove(&event.action);
    }
    Ok(())
}
