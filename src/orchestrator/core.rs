//! The core: one task that decides, appends and follows. Everything that changes the fold goes through it, one after the other,
//! so no lock is held over I/O and no decision is made on a view that changes underneath.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::backoff::Backoff;
use super::bell::Heard;
use super::draft::{Draft, Verdict};
use super::expiry::next_due;
use super::link::Link;
use super::metrics::KindLabel;
use super::request::{Done, Failure, Request};
use super::state::{Outlets, State};
use crate::domain::command::Command;
use crate::domain::decide::decide;
use crate::domain::event::Recorded;
use crate::domain::lease::poll_interval;
use crate::log::{Appended, Batch, LogError, Outcome, PendingEvent, find_request, load_fleet, read_head};

/// Most requests in one batch.
const BATCH: usize = 1000;

/// How long the first request of a batch waits for company, when the last batch had some: it saves far more work than it costs.
const LINGER: Duration = Duration::from_millis(1);

/// How long requests whose outcome is unknown wait for the database to come back before they are told so.
const HOLD: Duration = Duration::from_secs(5);

/// Races that an expiry may lose before it locks the others out.
const POLITE_TRIES: u32 = 3;

pub(super) struct Core {
    pub name: String,
    pub database_url: String,
    pub inbox: mpsc::Receiver<Request>,
    pub heard: Arc<Heard>,
    pub outlets: Outlets,
    state: State,
    link: Option<Link>,
    loaded: bool,
    backoff: Backoff,
    next_connect: Instant,
    trouble: String,
    next_look: Instant,
    /// When a lease may have run out; worked out again after this moment and after every change of the ledger.
    due: Option<Instant>,
    due_for: i64,
    crowded: bool,
}

impl Core {
    pub(super) fn new(name: String, database_url: String, inbox: mpsc::Receiver<Request>, heard: Arc<Heard>, outlets: Outlets) -> Self {
        let now = Instant::now();
        Self {
            name,
            database_url,
            inbox,
            heard,
            outlets,
            state: State::unknown(now),
            link: None,
            loaded: false,
            backoff: Backoff::default(),
            next_connect: now,
            trouble: "not connected yet".into(),
            next_look: now,
            due: None,
            due_for: -1,
            crowded: false,
        }
    }

    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let look_at = if self.link.is_some() { self.next_look.min(self.due.unwrap_or(self.next_look)) } else { self.next_connect };
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = sleep_until(look_at) => self.look("poll").await,
                () = self.heard.wake.notified() => {
                    if self.heard.beyond(self.state.fleet.ledger_position()) {
                        self.look("notification").await;
                    }
                }
                request = self.inbox.recv() => match request {
                    Some(first) => self.serve(first).await,
                    None => break,
                },
            }
            self.expire_if_due().await;
        }
        self.inbox.close();
        while let Some(request) = self.inbox.recv().await {
            request.answer(Err(Failure::Unavailable("this orchestrator is shutting down".into())));
        }
    }

    async fn serve(&mut self, first: Request) {
        if self.crowded {
            tokio::time::sleep(LINGER).await;
        }
        let mut requests = vec![first];
        while requests.len() < BATCH
            && let Ok(request) = self.inbox.try_recv()
        {
            requests.push(request);
        }
        self.crowded = requests.len() > 1;
        if self.link.is_none() {
            // Reconnecting goes on beside this; pods are better off asking another orchestrator at once.
            self.turn_away(requests);
            return;
        }
        self.flush(requests).await;
    }

    /// Carries requests out: decides, appends, and again for as long as others win the race or the connection breaks.
    async fn flush(&mut self, mut requests: Vec<Request>) {
        let mut alone = false;
        let hold_until = Instant::now() + HOLD;
        while !requests.is_empty() {
            requests.retain(|request| !request.is_abandoned());
            let later = if alone { requests.split_off(1.min(requests.len())) } else { Vec::new() };
            let draft = Draft::decide(&self.state.fleet, &self.state.sight, &self.state.carried, requests, &self.name);
            let attempt = self.commit(&draft.batch).await;
            let Draft { members, deferred, .. } = draft;
            requests = match attempt {
                Ok(recorded) => {
                    self.answer(members, &recorded);
                    Vec::new()
                }
                Err(Trouble::Stale) => requests_of(members),
                Err(Trouble::Refused(error)) if members.len() == 1 => {
                    tracing::error!(%error, "the database refused an append");
                    for request in requests_of(members) {
                        request.answer(Err(Failure::Fault(error.clone())));
                    }
                    Vec::new()
                }
                // One of them is at fault: each by itself, so that it harms nobody else.
                Err(Trouble::Refused(_)) => {
                    alone = true;
                    requests_of(members)
                }
                Err(Trouble::Unknown) => {
                    self.outlets.metrics.unknown_outcomes.inc();
                    let members = requests_of(members);
                    if !self.reconnect_until(hold_until).await {
                        self.turn_away(members.into_iter().chain(deferred).chain(later).collect());
                        return;
                    }
                    members
                }
            };
            requests.extend(deferred);
            requests.extend(later);
        }
    }

    /// Appends a batch and gives its events as they stand in the log. With nothing to append it makes sure that the verdicts were
    /// made on the newest state, which an append would have.
    async fn commit(&mut self, batch: &Batch) -> Result<Vec<Recorded>, Trouble> {
        if batch.is_empty() {
            let decided_on = self.state.fleet.ledger_position();
            self.catch_up().await?;
            self.state.publish(&self.outlets);
            return if self.state.fleet.ledger_position() == decided_on { Ok(Vec::new()) } else { Err(Trouble::Stale) };
        }
        let condition = self.state.condition();
        let began = Instant::now();
        match self.link()?.append(batch, &condition).await {
            Ok(Outcome::Appended(appended)) => {
                self.took(batch, began);
                self.fold_own(batch, &condition, &appended, began)
            }
            Ok(Outcome::Carried(ids)) => {
                self.catch_up().await?;
                self.recall(ids).await?;
                Err(Trouble::Stale)
            }
            Ok(Outcome::Conflict) => {
                self.outlets.metrics.conflicts.inc();
                self.catch_up().await?;
                Err(Trouble::Stale)
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    async fn recall(&mut self, ids: Vec<Uuid>) -> Result<(), Trouble> {
        for id in ids {
            let found = find_request(&self.link()?.connection, id).await;
            let events = found.map_err(|error| self.broken(&error))?;
            self.state.recall(id, events);
        }
        Ok(())
    }

    fn took(&self, batch: &Batch, began: Instant) {
        let beats = batch.pulse.as_ref().map_or(0, |pulse| pulse.beats.len());
        let size = u32::try_from(batch.events.len() + beats).unwrap_or(u32::MAX);
        self.outlets.metrics.append_seconds.observe(began.elapsed().as_secs_f64());
        self.outlets.metrics.batch_events.observe(f64::from(size));
    }

    fn fold_own(
        &mut self,
        batch: &Batch,
        condition: &crate::log::Condition,
        appended: &Appended,
        began: Instant,
    ) -> Result<Vec<Recorded>, Trouble> {
        let folded = self.state.fold_own(batch, condition, appended, began, &self.outlets.metrics);
        let recorded = folded.map_err(|corrupt| self.broken(&corrupt.into()))?;
        self.state.publish(&self.outlets);
        if !recorded.is_empty() {
            self.outlets.ledger.send_replace(self.state.snapshot().as_of());
        }
        Ok(recorded)
    }

    fn answer(&self, members: Vec<(Request, Verdict)>, recorded: &[Recorded]) {
        let after = self.outlets.snapshot.borrow().clone();
        for (request, verdict) in members {
            let answer = match verdict {
                Verdict::Refused(refusal) => Err(Failure::Refused(refusal)),
                Verdict::AlreadyDone(events) => Ok(Done { after: after.clone(), events: events.to_vec(), refused: Vec::new() }),
                Verdict::Events { first, count, refused } => {
                    let events = recorded.iter().skip(first).take(count).cloned().collect();
                    Ok(Done { after: after.clone(), events, refused })
                }
            };
            request.answer(answer);
        }
    }

    fn turn_away(&self, requests: Vec<Request>) {
        for request in requests {
            request.answer(Err(Failure::Unavailable(self.trouble.clone())));
        }
    }

    /// Reads what others have appended; opens the connection if there is none.
    async fn look(&mut self, why: &'static str) {
        self.outlets.metrics.wake_ups.get_or_create(&KindLabel { kind: why }).inc();
        if self.link.is_none() {
            self.connect().await;
        } else if self.catch_up().await.is_ok() {
            self.state.publish(&self.outlets);
        }
    }

    async fn catch_up(&mut self) -> Result<(), Trouble> {
        loop {
            let began = Instant::now();
            let read = self.link()?.tail(self.state.position).await;
            let (entries, more) = read.map_err(|error| self.broken(&error))?;
            let folded = self.state.fold_entries(entries, Instant::now(), &self.outlets.metrics);
            folded.map_err(|corrupt| self.broken(&corrupt.into()))?;
            if !more {
                self.state.sight.contact(began);
                self.next_look = began + poll_interval(self.state.fleet.shortest_ttl());
                return Ok(());
            }
        }
    }

    async fn expire_if_due(&mut self) {
        let ledger = self.state.fleet.ledger_position();
        let passed = self.due.is_some_and(|due| due <= Instant::now());
        if self.link.is_none() || (ledger == self.due_for && !passed) {
            return;
        }
        self.due = next_due(&self.state.fleet, &self.state.sight);
        self.due_for = ledger;
        if self.due.is_some_and(|due| due <= Instant::now()) {
            if let Err(Trouble::Refused(error)) = self.expire().await {
                tracing::error!(%error, "the database refused an expiry");
            }
            let pause = Instant::now() + Duration::from_millis(1);
            self.due = next_due(&self.state.fleet, &self.state.sight).map(|due| due.max(pause));
            self.due_for = self.state.fleet.ledger_position();
        }
    }

    /// Ends the leases of silent pods, provided that nobody has recorded anything, a pulse included, that is not folded here
    /// (design 2). Loses a few races politely, then locks the others out for one round.
    async fn expire(&mut self) -> Result<(), Trouble> {
        for attempt in 0.. {
            let locked = attempt >= POLITE_TRIES;
            if locked {
                let locking = self.link()?.lock().await;
                locking.map_err(|error| self.broken(&error))?;
            }
            self.catch_up().await?;
            let batch = self.expiries();
            let outcome = if batch.is_empty() { None } else { Some(self.append_expiries(&batch).await?) };
            if locked {
                let unlocking = self.link()?.unlock().await;
                unlocking.map_err(|error| self.broken(&error))?;
            }
            match outcome {
                None => break,
                Some((condition, Outcome::Appended(appended), began)) => {
                    let recorded = self.fold_own(&batch, &condition, &appended, began)?;
                    tracing::info!(events = recorded.len(), position = appended.position, "leases of silent pods ended");
                    break;
                }
                Some((_, Outcome::Conflict | Outcome::Carried(_), _)) => self.outlets.metrics.conflicts.inc(),
            };
        }
        self.state.publish(&self.outlets);
        Ok(())
    }

    async fn append_expiries(&mut self, batch: &Batch) -> Result<(crate::log::Condition, Outcome, Instant), Trouble> {
        let condition = crate::log::Condition { position: Some(self.state.position), ..self.state.condition() };
        let began = Instant::now();
        let outcome = self.link()?.append(batch, &condition).await;
        outcome.map(|outcome| (condition, outcome, began)).map_err(|error| self.broken(&error))
    }

    fn expiries(&self) -> Batch {
        let request_id = Uuid::now_v7();
        let decided = decide(&self.state.fleet, &Command::Expire, &self.state.sight);
        let proposals = decided.map(|decision| decision.events).unwrap_or_else(|fault| {
            tracing::error!(%fault, "cannot decide on expiries");
            Vec::new()
        });
        let pending = |proposal| PendingEvent {
            id: Uuid::now_v7(),
            proposal,
            actor: format!("orchestrator:{}", self.name),
            request_id: Some(request_id),
        };
        Batch { events: proposals.into_iter().map(pending).collect(), pulse: None }
    }

    fn link(&self) -> Result<&Link, Trouble> {
        self.link.as_ref().ok_or(Trouble::Unknown)
    }

    /// Sorts an error of the log. Unless the server itself refused the statement, the connection is given up.
    fn broken(&mut self, error: &LogError) -> Trouble {
        if error.is_definite() && error.is_constraint() {
            return Trouble::Refused(error.to_string());
        }
        tracing::warn!(%error, "lost the log");
        self.trouble = error.to_string();
        if matches!(error, LogError::Corrupt(_) | LogError::Unreadable(_)) {
            tracing::error!(%error, "the log cannot be folded: loading the projections anew");
            self.loaded = false;
        }
        self.link = None;
        self.next_connect = Instant::now();
        self.outlets.metrics.connected.set(0);
        Trouble::Unknown
    }

    async fn reconnect_until(&mut self, deadline: Instant) -> bool {
        while Instant::now() < deadline {
            self.connect().await;
            if self.link.is_some() {
                return true;
            }
            sleep_until(self.next_connect.min(deadline)).await;
        }
        false
    }

    async fn connect(&mut self) {
        match self.try_connect().await {
            Ok(()) => {
                self.backoff.reset();
                self.trouble.clear();
                self.outlets.metrics.connected.set(1);
                self.outlets.metrics.reconnects.inc();
            }
            Err(error) => {
                if self.trouble != error.to_string() {
                    tracing::warn!(%error, "cannot reach the log; trying on");
                }
                self.trouble = error.to_string();
                self.link = None;
                self.next_connect = Instant::now() + self.backoff.next();
            }
        }
    }

    async fn try_connect(&mut self) -> Result<(), LogError> {
        let mut link = Link::open(&self.database_url).await?;
        let head = read_head(&link.connection).await?;
        let behind = head.position < self.state.position || head.ledger_position < self.state.fleet.ledger_position();
        if self.loaded && (behind || head.epoch != self.state.fleet.epoch()) {
            tracing::error!(known = self.state.position, found = head.position, "THE DATABASE HAS LOST ACKNOWLEDGED EVENTS");
        }
        if !self.loaded || behind || head.epoch != self.state.fleet.epoch() {
            let (fleet, head) = load_fleet(&mut link.connection).await?;
            self.state = State::new(fleet, &head, Instant::now());
            self.loaded = true;
            self.outlets.hub.ring_all();
        }
        self.link = Some(link);
        if self.catch_up().await.is_ok() {
            tracing::info!(position = self.state.position, epoch = %self.state.fleet.epoch(), "following the log");
            self.state.publish(&self.outlets);
        }
        Ok(())
    }
}

/// Why a batch is not in the log for certain.
enum Trouble {
    /// Others have appended since it was decided on. What they appended is folded now; decide again.
    Stale,
    /// A constraint of the database says that the batch contradicts the log.
    Refused(String),
    /// The connection broke, so the batch may or may not be there.
    Unknown,
}

fn requests_of(members: Vec<(Request, Verdict)>) -> Vec<Request> {
    members.into_iter().map(|(request, _)| request).collect()
}
