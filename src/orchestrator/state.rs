//! What the core has folded so far, and who is told when it grows.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::draft::Carried;
use super::hub::{Hub, touched};
use super::metrics::{KindLabel, Metrics, name_of};
use super::receipt::Receipts;
use super::sight::Sight;
use super::snapshot::Snapshot;
use crate::domain::event::{Event, LeaseExpired, Recorded};
use crate::domain::evolve::{Corrupt, evolve};
use crate::domain::fleet::Fleet;
use crate::domain::name::RegistrationId;
use crate::domain::token::{Epoch, Position};
use crate::log::{Appended, Batch, Condition, Entry, Head};
use crate::trace::Traces;
use crate::wire::push::AsOf;

/// Requests that are remembered by id after they were folded. Older ones are looked up in the log.
const CARRIED_KEPT: usize = 20_000;

/// Ledger events that are kept to be able to say what a database has lost.
const RECENT_KEPT: usize = 4096;

/// Tells everybody else what the core knows.
#[derive(Debug)]
pub(crate) struct Outlets {
    pub snapshot: watch::Sender<Arc<Snapshot>>,
    pub ledger: watch::Sender<AsOf>,
    /// What keeps it from appending; nothing while it can.
    pub trouble: watch::Sender<Option<Arc<str>>>,
    pub hub: Arc<Hub>,
    pub metrics: Arc<Metrics>,
    pub traces: Traces,
}

/// Whom news concerns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    Everybody,
    These(BTreeSet<RegistrationId>),
}

/// The fold, up to `position`.
#[derive(Debug)]
pub(crate) struct State {
    pub fleet: Fleet,
    pub sight: Sight,
    /// Everything up to here is folded. Own appends may already be folded beyond it, while pulses of others in between are not.
    pub position: Position,
    pub carried: Carried,
    /// The last ledger events that were folded here, oldest first: what can be told of them should the database lose them.
    pub recent: VecDeque<Recorded>,
    /// The last ledger event that is folded.
    pub last: Option<(Position, Uuid)>,
    pub receipts: Receipts,
    order: VecDeque<Uuid>,
    own_pulses: BTreeSet<Position>,
    touched: BTreeSet<RegistrationId>,
    /// Was loaded, and not folded from what the streams know: anything may have changed for anybody.
    unlike_before: bool,
}

impl State {
    pub(crate) fn new(fleet: Fleet, head: &Head, now: Instant, receipts: Receipts) -> Self {
        Self {
            fleet,
            sight: Sight::begin(now),
            position: head.position,
            carried: HashMap::new(),
            recent: VecDeque::new(),
            last: None,
            receipts,
            order: VecDeque::new(),
            own_pulses: BTreeSet::new(),
            touched: BTreeSet::new(),
            unlike_before: true,
        }
    }

    /// Before the first contact with the database: nothing is known.
    pub(crate) fn unknown(now: Instant) -> Self {
        let head = Head { epoch: Epoch(0), position: 0, ledger_position: 0, recorded_at: chrono::DateTime::UNIX_EPOCH };
        Self::new(Fleet::new(Epoch(0)), &head, now, Receipts::new(&[]))
    }

    pub(crate) fn condition(&self) -> Condition {
        Condition { epoch: self.fleet.epoch(), ledger_position: self.fleet.ledger_position(), position: None }
    }

    /// An expiry is decided on every sign of life that was recorded: nobody may expire a pod that was heard elsewhere just now.
    pub(crate) fn condition_of_expiry(&self) -> Condition {
        Condition { position: Some(self.position), ..self.condition() }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { fleet: self.fleet.clone(), sight: self.sight.clone(), position: self.position, receipts: self.receipts.clone() }
    }

    /// Folds what was read from the log. Own events that are folded already are passed over.
    pub(crate) fn fold_entries(&mut self, entries: Vec<Entry>, now: Instant, metrics: &Metrics) -> Result<(), Corrupt> {
        for entry in entries {
            let position = entry.position();
            match entry {
                Entry::Ledger(recorded) if recorded.position > self.fleet.ledger_position() => self.fold(*recorded, now, metrics)?,
                Entry::Ledger(_) => {}
                Entry::Pulse(_) if self.own_pulses.remove(&position) => {}
                Entry::Pulse(pulse) => pulse.registrations.into_iter().for_each(|registration| self.sight.hear(registration, now)),
            }
            self.position = position;
        }
        Ok(())
    }

    /// Folds what was just appended, without reading it back. Gives the events as they stand in the log.
    pub(crate) fn fold_own(
        &mut self,
        batch: &Batch,
        condition: &Condition,
        appended: &Appended,
        began: Instant,
        now: Instant,
        metrics: &Metrics,
    ) -> Result<Vec<Recorded>, Corrupt> {
        let recorded = batch.recorded(condition, appended);
        for event in &recorded {
            self.fold(event.clone(), now, metrics)?;
        }
        for (registration, _) in batch.pulse.iter().flat_map(|pulse| &pulse.beats) {
            if let Some(before) = self.sight.heard(*registration) {
                metrics.heartbeat_gap_seconds.observe(now.saturating_duration_since(before).as_secs_f64());
            }
            self.sight.hear(*registration, now);
            metrics.heartbeats.inc();
        }
        if appended.first_position == self.position + 1 {
            self.position = appended.position;
            self.sight.contact(began);
        } else if batch.pulse.is_some() {
            // Pulses of others came between. The next read brings them, and must not count this one as heard later.
            self.own_pulses.insert(appended.position);
        }
        Ok(recorded)
    }

    fn fold(&mut self, recorded: Recorded, now: Instant, metrics: &Metrics) -> Result<(), Corrupt> {
        self.touched.extend(touched(&self.fleet, &recorded.event));
        match &recorded.event {
            Event::PodRegistered(event) => self.sight.hear(event.registration, now),
            // The silence that was observed belongs to the history before.
            Event::EpochBegan(_) => self.sight.blind(now),
            Event::PodLost(event) => self.sight.forget(event.registration),
            Event::PodLeft(event) => self.sight.forget(event.registration),
            event => count(event, metrics),
        }
        self.fleet = evolve(std::mem::replace(&mut self.fleet, Fleet::new(recorded.epoch)), &recorded)?;
        self.last = Some((recorded.position, recorded.id));
        self.recent.push_back(recorded.clone());
        if self.recent.len() > RECENT_KEPT {
            self.recent.pop_front();
        }
        self.remember(recorded);
        Ok(())
    }

    /// A request that was carried out longer ago than we remember.
    pub(crate) fn recall(&mut self, id: Uuid, events: Vec<Recorded>) {
        self.carried.remove(&id);
        for recorded in events {
            self.remember(recorded);
        }
    }

    fn remember(&mut self, recorded: Recorded) {
        let Some(id) = recorded.request_id else { return };
        if !self.carried.contains_key(&id) {
            self.order.push_back(id);
            while self.order.len() > CARRIED_KEPT {
                if let Some(oldest) = self.order.pop_front() {
                    self.carried.remove(&oldest);
                }
            }
        }
        Arc::make_mut(self.carried.entry(id).or_default()).push(recorded);
    }

    /// Whose streams may have something to say since this was asked last.
    pub(crate) fn take_touched(&mut self) -> Touched {
        let these = std::mem::take(&mut self.touched);
        if std::mem::take(&mut self.unlike_before) { Touched::Everybody } else { Touched::These(these) }
    }

    /// Makes the fold visible to everybody and wakes whom it concerns.
    pub(crate) fn publish(&mut self, outlets: &Outlets) -> Arc<Snapshot> {
        let snapshot = Arc::new(self.snapshot());
        outlets.snapshot.send_replace(snapshot.clone());
        // After the snapshot: whoever is woken looks at it once.
        match self.take_touched() {
            Touched::Everybody => outlets.hub.ring_all(),
            Touched::These(registrations) => outlets.hub.ring(registrations),
        }
        outlets.metrics.position.set(self.position);
        outlets.metrics.settling.set(self.fleet.settling().is_some().into());
        outlets.metrics.epoch.set(i64::from(self.fleet.epoch().0));
        snapshot
    }
}

fn count(event: &Event, metrics: &Metrics) {
    match event {
        Event::SessionClaimed(claimed) => {
            metrics.claims.get_or_create(&KindLabel { kind: name_of(claimed.kind) }).inc();
        }
        Event::LeaseExpired(LeaseExpired { silence_ms, ttl_ms, safety_margin_ms, .. }) => {
            metrics.expiries.inc();
            let late = Duration::from_millis(*silence_ms).saturating_sub(ttl_ms.as_duration());
            metrics.expiry_lag_seconds.observe(late.as_secs_f64());
            metrics.safety_margin_seconds.observe(Duration::from_millis(*safety_margin_ms).as_secs_f64());
        }
        _ => {}
    }
}
