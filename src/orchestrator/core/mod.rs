//! The core: one task that decides, appends and follows. Everything that changes the fold goes through it, one after the other,
//! so no lock is held over I/O and no decision is made on a view that changes underneath.

mod connect;
mod epoch;
mod expire;
mod linger;
mod tell;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::expire::Watch;
use super::backoff::Backoff;
use super::bell::Heard;
use super::draft::{Draft, Verdict};
use super::link::Link;
use super::metrics::KindLabel;
use super::request::{Done, Failure, Request};
use super::state::{Outlets, State};
use crate::domain::event::Recorded;
use crate::domain::lease::poll_interval;
use crate::log::{Appended, Batch, Condition, LogError, Outcome, find_request};

/// Most requests in one batch.
const BATCH: usize = 1000;

/// How long requests whose outcome is unknown wait for the database to come back before they are told so.
const HOLD: Duration = Duration::from_secs(5);

pub(super) struct Core {
    pub name: String,
    pub database_url: String,
    pub inbox: mpsc::Receiver<Request>,
    /// Taken from the inbox, and not carried out yet.
    waiting: Vec<Request>,
    pub heard: Arc<Heard>,
    pub outlets: Outlets,
    state: State,
    link: Option<Link>,
    loaded: bool,
    backoff: Backoff,
    next_connect: Instant,
    next_look: Instant,
    watch: Watch,
    /// Requests in a hurry that the last batch with any had.
    company: usize,
}

impl Core {
    pub(super) fn new(name: String, database_url: String, inbox: mpsc::Receiver<Request>, heard: Arc<Heard>, outlets: Outlets) -> Self {
        let now = Instant::now();
        Self {
            name,
            database_url,
            inbox,
            waiting: Vec::new(),
            heard,
            outlets,
            state: State::unknown(now),
            link: None,
            loaded: false,
            backoff: Backoff::default(),
            next_connect: now,
            next_look: now,
            watch: Watch::new(now),
            company: 1,
        }
    }

    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let look_at =
                if self.link.is_some() { self.next_look.min(self.watch.due.unwrap_or(self.next_look)) } else { self.next_connect };
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
            // What was taken out of the inbox to see who has spoken.
            self.serve_waiting().await;
        }
        self.inbox.close();
        while let Some(request) = self.inbox.recv().await {
            request.answer(Err(Failure::Unavailable("this orchestrator is shutting down".into())));
        }
    }

    async fn serve(&mut self, first: Request) {
        self.waiting.push(first);
        self.linger().await;
        self.serve_waiting().await;
    }

    /// Takes whatever has come in, as far as one batch has room for it.
    fn gather(&mut self) {
        while self.waiting.len() < BATCH
            && let Ok(request) = self.inbox.try_recv()
        {
            self.waiting.push(request);
        }
    }

    async fn serve_waiting(&mut self) {
        let requests = std::mem::take(&mut self.waiting);
        if requests.is_empty() {
            return;
        }
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
            requests = requests.into_iter().filter_map(Request::unless_abandoned).collect();
            if let Err(trouble) = self.hear_receipts(&requests).await
                && !self.recover(trouble, hold_until).await
            {
                self.turn_away(requests);
                return;
            }
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
                if self.state.condition() == condition {
                    // The head is elsewhere, and nothing leads from here to there: this is another log than it was.
                    return Err(self.broken(&LogError::Inconsistent("the log does not go on where it was left".into())));
                }
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

    fn fold_own(&mut self, batch: &Batch, condition: &Condition, appended: &Appended, began: Instant) -> Result<Vec<Recorded>, Trouble> {
        let folded = self.state.fold_own(batch, condition, appended, began, Instant::now(), &self.outlets.metrics);
        let recorded = folded.map_err(|corrupt| self.broken(&corrupt.into()))?;
        self.state.publish(&self.outlets);
        if !recorded.is_empty() {
            self.outlets.ledger.send_replace(self.state.snapshot().as_of());
            tell::tell(&recorded, began, &self.outlets.traces);
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
        let trouble = self.outlets.trouble.borrow().clone().unwrap_or_default();
        for request in requests {
            request.answer(Err(Failure::Unavailable(trouble.to_string())));
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

    fn link(&self) -> Result<&Link, Trouble> {
        self.link.as_ref().ok_or(Trouble::Unknown)
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
