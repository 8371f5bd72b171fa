//! A database that may have lost what was acknowledged: the search for signs of it, and the beginning of a new epoch.

use uuid::Uuid;

use super::{Core, Trouble};
use crate::domain::command::Command;
use crate::domain::decide::Proposal;
use crate::domain::event::{EpochBegan, EpochCause, Recorded};
use crate::domain::fleet::Fleet;
use crate::domain::token::Epoch;
use crate::log::{Batch, Condition, Connection, Head, Lineage, LogError, Marks, PendingEvent};
use crate::log::{begin_epoch, event_stands, load_fleet, read_head, read_lineage, read_marks};
use crate::orchestrator::history::{Remembered, beyond, forgotten_wait, judge, next_epoch};
use crate::orchestrator::receipt::Receipts;
use crate::orchestrator::request::Request;
use crate::wire::push::AsOf;

/// Lost events that are named one by one in the log for people. Beyond it they are counted.
const NAMED: usize = 100;

/// What the database shows on a connection.
struct Found {
    head: Head,
    marks: Marks,
    lineage: Lineage,
}

impl Found {
    async fn read(connection: &Connection) -> Result<Self, LogError> {
        // The head first: if an epoch begins meanwhile, the head is of the one before, and no second one is begun upon it. The other
        // way round, old marks would condemn the new epoch.
        let head = read_head(connection).await?;
        let marks = read_marks(&connection.client).await?;
        let lineage = read_lineage(&connection.client).await?;
        Ok(Self { head, marks, lineage })
    }
}

impl Core {
    /// Makes sure that the database still has what was acknowledged, as far as anybody can tell, or begins an epoch that takes
    /// the loss into account. Gives the head, and whether what is in memory goes on in the log.
    pub(super) async fn check_history(&mut self, connection: &mut Connection) -> Result<(Head, bool), LogError> {
        loop {
            let found = Found::read(connection).await?;
            let remembered = self.remembered(connection).await?;
            if let Some(cause) = judge(&found.head, &found.marks.lineage, &found.lineage, remembered.as_ref()) {
                let known = remembered.map(|remembered| remembered.as_of);
                self.begin_epoch(connection, &found, cause, known).await?;
                continue;
            }
            self.state.receipts = Receipts::new(&found.marks.receipt_key);
            let goes_on = remembered.is_some_and(|known| known.stands && known.as_of.epoch == found.head.epoch);
            if let (false, Some(_)) = (goes_on, remembered) {
                self.report_lost(connection).await?;
            }
            return Ok((found.head, goes_on));
        }
    }

    async fn remembered(&self, connection: &Connection) -> Result<Option<Remembered>, LogError> {
        if !self.loaded {
            return Ok(None);
        }
        let fleet = &self.state.fleet;
        let as_of = AsOf { epoch: fleet.epoch(), ledger_position: fleet.ledger_position() };
        let stands = match self.state.last {
            Some((position, id)) => event_stands(connection, position, id, fleet.epoch(), fleet.recorded_at()).await?,
            None => true,
        };
        Ok(Some(Remembered { as_of, position: self.state.position, stands }))
    }

    /// Begins an epoch unless somebody else does at the same time.
    async fn begin_epoch(
        &mut self,
        connection: &mut Connection,
        found: &Found,
        because: EpochCause,
        known: Option<AsOf>,
    ) -> Result<(), LogError> {
        let (fleet, head) = load_fleet(connection).await?;
        if head.epoch != found.head.epoch {
            return Ok(());
        }
        let wait = forgotten_wait(self.loaded.then_some(&self.state.fleet), &fleet);
        let highest = known.map_or(head.epoch, |known| known.epoch.max(head.epoch));
        let epoch = next_epoch(highest, found.marks.now);
        let event = EpochBegan {
            previous: head.epoch,
            because,
            known: known.map(|known| known.ledger_position),
            database: found.lineage.database.clone(),
            timeline: found.lineage.timeline,
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
        };
        let batch = self.said_by_us(event);
        let decided_on = Condition { epoch: head.epoch, ledger_position: head.ledger_position, position: None };
        if let Some(begun) = begin_epoch(connection, &decided_on, epoch, &found.lineage, &batch).await? {
            tell(epoch, &fleet, because, begun.first_position, known);
        }
        Ok(())
    }

    fn said_by_us(&self, event: EpochBegan) -> Batch {
        let pending = PendingEvent {
            id: Uuid::now_v7(),
            proposal: Proposal { event: event.into(), cause: None },
            actor: format!("orchestrator:{}", self.name),
            request_id: Some(Uuid::now_v7()),
        };
        Batch { events: vec![pending], pulse: None }
    }

    /// Says which of the events that are remembered are not in the log (any more).
    async fn report_lost(&self, connection: &Connection) -> Result<(), LogError> {
        let mut lost: Vec<&Recorded> = Vec::new();
        for recorded in self.state.recent.iter().rev() {
            if event_stands(connection, recorded.position, recorded.id, recorded.epoch, recorded.recorded_at).await? {
                break;
            }
            lost.push(recorded);
        }
        self.outlets.metrics.events_lost.inc_by(lost.len() as u64);
        for recorded in lost.iter().rev().take(NAMED) {
            let (position, kind, stream) = (recorded.position, recorded.event.type_name(), recorded.event.stream());
            tracing::error!(position, kind, stream, actor = recorded.actor, request_id = ?recorded.request_id, "LOST: an acknowledged event");
        }
        if lost.len() > NAMED {
            tracing::error!("LOST: {} more acknowledged events", lost.len() - NAMED);
        }
        Ok(())
    }

    /// Looks whether any pod was told of more than the log holds, once everything that it holds is folded.
    pub(super) async fn hear_receipts(&mut self, requests: &[Request]) -> Result<(), Trouble> {
        let seen = requests.iter().filter_map(seen).max();
        let Some(seen) = seen.filter(|seen| beyond(&self.state.fleet, *seen)) else { return Ok(()) };
        self.catch_up().await?;
        if !beyond(&self.state.fleet, seen) {
            return Ok(());
        }
        let Some(mut link) = self.link.take() else { return Err(Trouble::Unknown) };
        let begun = async {
            let found = Found::read(&link.connection).await?;
            self.begin_epoch(&mut link.connection, &found, EpochCause::LostHistory, Some(seen)).await
        };
        let begun = begun.await;
        begun.map_err(|error| self.broken(&error))?;
        self.link = Some(link);
        self.catch_up().await
    }
}

fn seen(request: &Request) -> Option<AsOf> {
    match request {
        Request::Command { submission, .. } => match &submission.command {
            Command::Heartbeat(heartbeat) => heartbeat.seen.map(|(epoch, ledger_position)| AsOf { epoch, ledger_position }),
            _ => None,
        },
        Request::Barrier { .. } => None,
    }
}

fn tell(epoch: Epoch, fleet: &Fleet, because: EpochCause, position: i64, known: Option<AsOf>) {
    let settles =
        fleet.longest_ttl().map_or_else(String::new, |ttl| format!("; sessions without an owner wait for up to {} ms", ttl.as_millis()));
    let Some(known) = known.filter(|known| known.ledger_position >= position) else {
        tracing::warn!(
            epoch = epoch.0,
            ?because,
            "A NEW EPOCH BEGAN: the database may have lost history; nothing is known to be lost{settles}"
        );
        return;
    };
    let last = known.ledger_position;
    tracing::error!(epoch = epoch.0, ?because, "THE DATABASE HAS LOST ACKNOWLEDGED EVENTS: positions {position} to {last}{settles}");
}
