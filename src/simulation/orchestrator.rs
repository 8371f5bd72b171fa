//! One orchestrator: the parts of the core that decide, in the order in which the core's loop calls them, with every question to
//! the database a message of its own that can be late, or break.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::log::Found;
use super::message::{Asked, Caller, Do, Query, Reply};
use crate::domain::command::Command;
use crate::domain::decide::{Proposal, decide};
use crate::domain::event::{EpochBegan, EpochCause};
use crate::domain::lease::poll_interval;
use crate::domain::name::{Holder, RegistrationId};
use crate::domain::token::{Epoch, Position};
use crate::http::routes::pods::stream::Said;
use crate::log::{Batch, Condition, Outcome, PendingEvent};
use crate::orchestrator::draft::Draft;
use crate::orchestrator::expiry::next_due;
use crate::orchestrator::history::{Remembered, beyond, forgotten_wait, judge, next_epoch};
use crate::orchestrator::metrics::Metrics;
use crate::orchestrator::receipt::Receipts;
use crate::orchestrator::request::Request;
use crate::orchestrator::state::State;
use crate::wire::push::AsOf;

const HOLD: Duration = Duration::from_secs(5);
const SECOND_CHANCE: Duration = Duration::from_millis(250);
const POLITE_TRIES: u32 = 3;

/// What it waits for the database to say.
#[derive(Default)]
enum Work {
    #[default]
    Idle,
    Look,
    Connect,
    Begin,
    CatchUp,
    /// A pod may have been told of more than the log holds.
    Doubt(Vec<Request>, AsOf),
    Lost(Vec<Request>, AsOf),
    Begun(Vec<Request>),
    Retry(Vec<Request>, Option<Condition>),
    Flush(Draft, Condition, Instant),
    Check(Draft, Position),
    Expire(u32),
    Expiry(u32, Batch, Condition, Instant),
    Locked,
}

pub(super) struct Orchestrator {
    pub(super) state: State,
    /// By process; known by their registration, as the bells of the hub are.
    pub(super) streams: BTreeMap<usize, (RegistrationId, Said)>,
    metrics: Arc<Metrics>,
    loaded: bool,
    pub(super) link: Option<u64>,
    work: Work,
    asked_at: Instant,
    inbox: Vec<Request>,
    held: Vec<Request>,
    hold_until: Instant,
    pub(super) callers: HashMap<Uuid, Vec<Caller>>,
    next_look: Instant,
    next_connect: Instant,
    due: Option<Instant>,
    watched: Position,
    next_chance: Instant,
}

impl Orchestrator {
    pub(super) fn new(now: Instant, metrics: Arc<Metrics>) -> Self {
        Self {
            state: State::unknown(now),
            streams: BTreeMap::new(),
            metrics,
            loaded: false,
            link: None,
            work: Work::Idle,
            asked_at: now,
            inbox: Vec::new(),
            held: Vec::new(),
            hold_until: now,
            callers: HashMap::new(),
            next_look: now,
            next_connect: now,
            due: None,
            watched: -1,
            next_chance: now,
        }
    }

    /// Whether it will remember this event of this epoch when the log does not.
    pub(super) fn knows(&self, epoch: Epoch, position: Position) -> bool {
        self.loaded && self.state.fleet.epoch() == epoch && self.state.fleet.ledger_position() >= position
    }

    pub(super) fn is_following(&self) -> bool {
        self.link.is_some()
    }

    /// A notification: a hint to look at the log.
    pub(super) fn rung(&mut self, now: Instant) {
        self.next_look = now;
    }

    pub(super) fn take(&mut self, request: Asked) {
        let (reply, _) = oneshot::channel();
        self.callers.entry(request.submission.request_id).or_default().push(request.caller);
        self.inbox.push(Request::Command { submission: Box::new(request.submission), reply });
    }

    /// A stream is opened; what it says first is everything.
    pub(super) fn listen(&mut self, pod: usize, registration: RegistrationId, holder: Holder, out: &mut Vec<Do>) {
        self.streams.insert(pod, (registration, Said::nothing(registration, holder)));
        let snapshot = self.state.snapshot();
        self.speak(pod, &snapshot, out);
    }

    fn ask(&mut self, work: Work, query: Query, now: Instant, out: &mut Vec<Do>) {
        self.work = work;
        self.asked_at = now;
        out.push(Do::Ask(self.link.unwrap_or_default(), query));
    }

    fn tail(&mut self, work: Work, now: Instant, out: &mut Vec<Do>) {
        let after = self.state.position;
        self.ask(work, Query::Tail(after, Vec::new()), now, out);
    }

    /// Goes on if it waits for nothing.
    pub(super) fn turn(&mut self, now: Instant, out: &mut Vec<Do>) {
        if !matches!(self.work, Work::Idle) {
            return;
        }
        if self.link.is_none() {
            let away = std::mem::take(&mut self.inbox);
            self.turn_away(away, out);
            if now >= self.hold_until {
                let held = std::mem::take(&mut self.held);
                self.turn_away(held, out);
            }
            if now >= self.next_connect {
                let last = self.state.last.filter(|_| self.loaded);
                return self.ask(Work::Connect, Query::Find(last), now, out);
            }
            return out.push(Do::Wake(self.next_connect));
        }
        let passed = self.due.is_some_and(|due| due <= now);
        if passed || self.watched != self.state.fleet.ledger_position() {
            self.set_watch(now);
            if self.due.is_some_and(|due| due <= now) {
                return self.tail(Work::Expire(0), now, out);
            }
        }
        if now >= self.next_look {
            return self.tail(Work::Look, now, out);
        }
        if self.inbox.is_empty() {
            return out.push(Do::Wake(self.next_look.min(self.due.unwrap_or(self.next_look))));
        }
        let requests = std::mem::take(&mut self.inbox);
        self.flush(requests, now, out);
    }

    fn set_watch(&mut self, not_before: Instant) {
        let fleet = &self.state.fleet;
        let chance = fleet.vacancies().next().map(|_| self.next_chance);
        let due = next_due(fleet, &self.state.sight).into_iter().chain(chance).min();
        self.due = due.map(|due| due.max(not_before));
        self.watched = fleet.ledger_position();
    }

    pub(super) fn flush(&mut self, requests: Vec<Request>, now: Instant, out: &mut Vec<Do>) {
        let seen = requests.iter().filter_map(seen).max();
        match seen.filter(|seen| beyond(&self.state.fleet, *seen)) {
            Some(seen) => self.tail(Work::Doubt(requests, seen), now, out),
            None => self.decide(requests, now, out),
        }
    }

    fn decide(&mut self, requests: Vec<Request>, now: Instant, out: &mut Vec<Do>) {
        if requests.is_empty() {
            return;
        }
        let draft = Draft::decide(&self.state.fleet, &self.state.sight, &self.state.carried, requests, "o");
        if draft.batch.is_empty() {
            let decided_on = self.state.fleet.ledger_position();
            return self.tail(Work::Check(draft, decided_on), now, out);
        }
        let condition = self.state.condition();
        let query = Query::Append(draft.batch.clone(), condition);
        self.ask(Work::Flush(draft, condition, now), query, now, out);
    }

    /// The database has answered, or the connection is gone.
    pub(super) fn hear(&mut self, reply: Reply, now: Instant, out: &mut Vec<Do>) {
        let work = std::mem::take(&mut self.work);
        match reply {
            Reply::Broken => self.broken(work, now),
            Reply::Tail(entries, recalled) => {
                let folded = self.state.fold_entries(entries, now, &self.metrics);
                if folded.is_err() {
                    self.loaded = false;
                    self.broken(work, now);
                } else {
                    self.state.sight.contact(self.asked_at);
                    self.next_look = self.asked_at + poll_interval(self.state.fleet.shortest_ttl());
                    for (id, events) in recalled {
                        self.state.recall(id, events);
                    }
                    self.caught_up(work, now, out);
                }
            }
            Reply::Outcome(outcome) => self.appended(work, outcome, now, out),
            Reply::Found(found) => self.found(work, *found, now, out),
            Reply::Done => match work {
                Work::Begin => {
                    let last = self.state.last.filter(|_| self.loaded);
                    self.ask(Work::Connect, Query::Find(last), now, out);
                }
                Work::Begun(requests) => self.tail(Work::Retry(requests, None), now, out),
                _ => self.expired(now),
            },
        }
        self.publish(out);
        self.turn(now, out);
    }

    fn broken(&mut self, work: Work, now: Instant) {
        self.link = None;
        self.next_connect = now + Duration::from_millis(50);
        let kept = match work {
            Work::Doubt(requests, _) | Work::Lost(requests, _) | Work::Begun(requests) | Work::Retry(requests, _) => requests,
            Work::Flush(draft, ..) | Work::Check(draft, _) => requests_of(draft),
            _ => return,
        };
        self.held.extend(kept);
        self.hold_until = now + HOLD;
    }

    fn caught_up(&mut self, work: Work, now: Instant, out: &mut Vec<Do>) {
        match work {
            Work::Doubt(requests, seen) if beyond(&self.state.fleet, seen) => {
                self.ask(Work::Lost(requests, seen), Query::Find(None), now, out);
            }
            Work::Doubt(requests, _) => self.decide(requests, now, out),
            Work::Retry(_, Some(condition)) if self.state.condition() == condition => {
                self.broken(work, now);
            }
            Work::Retry(requests, _) => self.flush(requests, now, out),
            Work::Check(draft, decided_on) if self.state.fleet.ledger_position() == decided_on => {
                self.publish(out);
                self.answer(draft, &[], now, out);
            }
            Work::Check(draft, _) => self.flush(requests_of(draft), now, out),
            Work::CatchUp => {
                let held = std::mem::take(&mut self.held);
                self.flush(held, now, out);
            }
            Work::Expire(attempt) => {
                let batch = self.expiries();
                if batch.is_empty() {
                    return self.expired(now);
                }
                let condition = self.state.condition_of_expiry();
                let query = Query::Append(batch.clone(), condition);
                self.ask(Work::Expiry(attempt, batch, condition, now), query, now, out);
            }
            _ => {}
        }
    }

    fn appended(&mut self, work: Work, outcome: Outcome, now: Instant, out: &mut Vec<Do>) {
        match (work, outcome) {
            (Work::Flush(draft, condition, began), Outcome::Appended(appended)) => {
                let folded = self.state.fold_own(&draft.batch, &condition, &appended, began, now, &self.metrics);
                if let Ok(recorded) = folded {
                    self.publish(out);
                    return self.answer(draft, &recorded, now, out);
                }
                self.loaded = false;
                self.broken(Work::Flush(draft, condition, began), now);
            }
            (Work::Flush(draft, condition, _), Outcome::Conflict) => self.tail(Work::Retry(requests_of(draft), Some(condition)), now, out),
            (Work::Flush(draft, ..), Outcome::Carried(ids)) => {
                let after = self.state.position;
                self.ask(Work::Retry(requests_of(draft), None), Query::Tail(after, ids), now, out);
            }
            (Work::Expiry(_, batch, condition, began), Outcome::Appended(appended)) => {
                let folded = self.state.fold_own(&batch, &condition, &appended, began, now, &self.metrics);
                if folded.is_err() {
                    self.loaded = false;
                    self.broken(Work::Idle, now);
                }
                self.expired(now);
            }
            (Work::Expiry(attempt, ..), _) if attempt + 1 >= POLITE_TRIES => self.ask(Work::Locked, Query::Locked, now, out),
            (Work::Expiry(attempt, ..), _) => self.tail(Work::Expire(attempt + 1), now, out),
            _ => {}
        }
    }

    /// Looks at the clock and the whole log at once, while nobody else may append.
    pub(super) fn expiries_under_lock(&mut self, entries: Vec<crate::log::Entry>, now: Instant) -> (Batch, Condition) {
        if self.state.fold_entries(entries, now, &self.metrics).is_err() {
            self.loaded = false;
        }
        self.state.sight.contact(now);
        (self.expiries(), self.state.condition_of_expiry())
    }

    fn expired(&mut self, now: Instant) {
        self.next_chance = now + SECOND_CHANCE;
        self.set_watch(now + Duration::from_millis(1));
    }

    fn expiries(&self) -> Batch {
        let request_id = Some(Uuid::now_v7());
        let decided = decide(&self.state.fleet, &Command::Expire, &self.state.sight);
        let proposals = decided.map(|decision| decision.events).unwrap_or_default();
        let pending = |proposal| PendingEvent { id: Uuid::now_v7(), proposal, actor: "o".into(), request_id };
        Batch { events: proposals.into_iter().map(pending).collect(), pulse: None }
    }

    fn found(&mut self, work: Work, found: Found, now: Instant, out: &mut Vec<Do>) {
        if let Work::Lost(requests, seen) = work {
            return self.begin(Work::Begun(requests), &found, EpochCause::LostHistory, Some(seen), now, out);
        }
        self.link = Some(found.history);
        let fleet = &self.state.fleet;
        let as_of = AsOf { epoch: fleet.epoch(), ledger_position: fleet.ledger_position() };
        let remembered = self.loaded.then_some(Remembered { as_of, position: self.state.position, stands: found.stands });
        if let Some(cause) = judge(&found.head, &found.began_in, &found.now_in, remembered.as_ref()) {
            return self.begin(Work::Begin, &found, cause, remembered.map(|remembered| remembered.as_of), now, out);
        }
        let goes_on = remembered.is_some_and(|known| known.stands && known.as_of.epoch == found.head.epoch);
        if !goes_on {
            self.state = State::new(found.fleet, &found.head, now, Receipts::new(b"key"));
            self.state.last = found.last;
            self.loaded = true;
        }
        self.tail(Work::CatchUp, now, out);
    }

    fn begin(&mut self, work: Work, found: &Found, because: EpochCause, known: Option<AsOf>, now: Instant, out: &mut Vec<Do>) {
        let wait = forgotten_wait(self.loaded.then_some(&self.state.fleet), &found.fleet);
        let epoch = next_epoch(known.map_or(found.head.epoch, |known| known.epoch.max(found.head.epoch)), found.now);
        let event = EpochBegan {
            previous: found.head.epoch,
            because,
            known: known.map(|known| known.ledger_position),
            database: found.now_in.database.clone(),
            timeline: found.now_in.timeline,
            wait_ms: u32::try_from(wait.as_millis()).expect("short"),
        };
        let proposal = Proposal { event: event.into(), cause: None };
        let pending = PendingEvent { id: Uuid::now_v7(), proposal, actor: "o".into(), request_id: Some(Uuid::now_v7()) };
        let condition = Condition { epoch: found.head.epoch, ledger_position: found.head.ledger_position, position: None };
        self.ask(work, Query::Begin(Batch { events: vec![pending], pulse: None }, condition, epoch), now, out);
    }
}

fn seen(request: &Request) -> Option<AsOf> {
    let Request::Command { submission, .. } = request else { return None };
    let Command::Heartbeat(heartbeat) = &submission.command else { return None };
    heartbeat.seen.map(|(epoch, ledger_position)| AsOf { epoch, ledger_position })
}

fn requests_of(draft: Draft) -> Vec<Request> {
    draft.members.into_iter().map(|(request, _)| request).chain(draft.deferred).collect()
}
