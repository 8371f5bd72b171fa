//! Every order, duplicate and loss of true statements leads to the newest truth, and never back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::adapter::{Mode, OnLeaseLoss};
use crate::domain::token::{Epoch, Position};
use crate::wire::pod::RenewedLease;

fn at(ledger_position: Position) -> AsOf {
    AsOf { epoch: Epoch(1), ledger_position }
}

fn token(position: Position) -> FencingToken {
    FencingToken::new(Epoch(1), position).expect("fits")
}

fn session(number: usize) -> SessionId {
    format!("venue/{number}").parse().expect("valid")
}

fn grant(number: usize, position: Position, desired: Desired) -> LeaseGrant {
    LeaseGrant {
        session: session(number),
        token: token(position),
        ttl_ms: 5000,
        desired,
        reason: None,
        unconfirmed: false,
        adapter: "venue".parse().expect("valid"),
        revision: 1,
        connector: "tcp".parse().expect("valid"),
        mode: Mode::Exclusive,
        on_lease_loss: OnLeaseLoss::Stop,
        artifacts: Vec::new(),
        settings: serde_json::Map::new(),
        actions: Vec::new(),
    }
}

fn answer(as_of: AsOf, leases: &[(usize, Position)], missed: Vec<LeaseGrant>) -> HeartbeatAnswer {
    let renewed = |&(n, p): &(usize, Position)| RenewedLease { session: session(n), token: token(p), ttl_ms: 5000 };
    HeartbeatAnswer {
        as_of,
        heartbeat_interval_ms: 1000,
        receipt: String::new(),
        leases: leases.iter().map(renewed).collect(),
        fenced: Vec::new(),
        missed,
        actions: Vec::new(),
    }
}

fn fence(number: usize, position: Position) -> Effect {
    Effect::Fence { session: session(number), token: token(position), reason: String::new() }
}

/// Effects without their wording.
fn plain(effects: impl IntoIterator<Item = Effect>) -> Vec<Effect> {
    let mut effects: Vec<_> = effects.into_iter().collect();
    for effect in &mut effects {
        if let Effect::Fence { reason, .. } | Effect::Close { reason, .. } = effect {
            reason.clear();
        }
    }
    effects
}

/// Such an answer may leave out a lease that the pod holds, so it must not make the pod trust it for longer either.
#[test]
fn an_answer_that_was_overtaken_is_not_taken_in() {
    let mut belief = Belief::default();
    let (older, newer) = (AsOf { epoch: Epoch(2), ledger_position: 5 }, AsOf { epoch: Epoch(2), ledger_position: 6 });
    belief.hear_all(newer, vec![grant(0, 3, Desired::Run)]);
    assert!(!belief.takes_in(older) && belief.takes_in(newer));
    assert_eq!(plain(belief.hear_answer(answer(older, &[], vec![]))), []);
    assert_eq!(belief.held().count(), 1);
}

#[test]
fn an_answer_that_was_overtaken_by_a_grant_does_not_undo_it() {
    let mut belief = Belief::default();
    assert_eq!(belief.hear_all(at(5), Vec::new()), []);
    assert_eq!(belief.hear_grant(at(7), grant(0, 7, Desired::Run)), [Effect::Start(grant(0, 7, Desired::Run))]);
    assert_eq!(belief.hear_answer(answer(at(6), &[], Vec::new())), [], "older than the grant");
    assert_eq!(belief.hear_all(at(6), Vec::new()), [], "a sync likewise");
    assert_eq!(plain(belief.hear_answer(answer(at(7), &[], Vec::new()))), [fence(0, 7)], "as new as the grant");
}

#[test]
fn a_late_start_revives_nothing() {
    let mut belief = Belief::default();
    belief.hear_grant(at(7), grant(0, 7, Desired::Run));
    assert_eq!(plain(belief.hear_fence(at(9), &session(0), token(7), "")), [fence(0, 7)]);
    assert_eq!(belief.hear_grant(at(8), grant(0, 7, Desired::Run)), []);
    // One that the pod never heard of, and that had ended before the newest complete statement.
    belief.hear_all(at(20), Vec::new());
    assert_eq!(belief.hear_grant(at(15), grant(1, 15, Desired::Run)), []);
}

#[test]
fn a_new_token_ends_the_old_one_first() {
    let mut belief = Belief::default();
    belief.hear_grant(at(7), grant(0, 7, Desired::Run));
    let effects = belief.hear_answer(answer(at(12), &[(0, 11)], vec![grant(0, 11, Desired::Run)]));
    assert_eq!(plain(effects), [fence(0, 7), Effect::Start(grant(0, 11, Desired::Run))]);
}

#[test]
fn an_answer_keeps_a_newer_lease_although_an_older_one_was_reported_and_fenced() {
    let mut belief = Belief::default();
    belief.hear_grant(at(7), grant(0, 7, Desired::Run));
    belief.hear_grant(at(9), grant(0, 9, Desired::Run));
    let answer = HeartbeatAnswer { fenced: vec![session(0)], ..answer(at(9), &[(0, 9)], Vec::new()) };
    assert_eq!(belief.hear_answer(answer), []);
}

#[test]
fn closing_is_for_good_and_is_asked_for_once() {
    let mut belief = Belief::default();
    belief.hear_grant(at(7), grant(0, 7, Desired::Run));
    assert!(matches!(belief.hear_stop(at(8), &session(0), token(7), String::new()), Some(Effect::Close { .. })));
    assert_eq!(belief.hear_stop(at(9), &session(0), token(7), String::new()), None);
    assert_eq!(belief.hear_answer(answer(at(9), &[(0, 7)], vec![grant(0, 7, Desired::Stop)])), []);
    assert_eq!(belief.held().count(), 1, "held until it is released");
    belief.hear_released(at(10), &session(0), token(7));
    assert_eq!(belief.held().count(), 0);
    assert_eq!(belief.hear_answer(answer(at(9), &[(0, 7)], vec![grant(0, 7, Desired::Run)])), [], "from before the release");
}

#[test]
fn a_lease_that_the_pod_will_never_run_again_is_given_back() {
    let mut belief = Belief::default();
    belief.hear_grant(at(7), grant(0, 7, Desired::Run));
    belief.hear_fence(at(9), &session(0), token(7), "");
    // The database lost the events after 8; in the new epoch the pod still owns token 7.
    let after = AsOf { epoch: Epoch(2), ledger_position: 9 };
    let effects = belief.hear_answer(answer(after, &[(0, 7)], vec![grant(0, 7, Desired::Run)]));
    assert_eq!(effects, [Effect::GiveBack { session: session(0), token: token(7) }]);
}

#[test]
fn a_smaller_token_never_runs_whatever_a_statement_claims() {
    let mut belief = Belief::default();
    belief.hear_grant(at(9), grant(0, 9, Desired::Run));
    // No true statement says this; an orchestrator on a history that was lost might.
    assert_eq!(belief.hear_grant(at(10), grant(0, 7, Desired::Run)), []);
    let effects = belief.hear_answer(answer(at(11), &[(0, 7)], vec![grant(0, 7, Desired::Run)]));
    assert_eq!(effects.len(), 2, "{effects:?}");
    assert_eq!(plain(effects), [fence(0, 9), Effect::GiveBack { session: session(0), token: token(7) }]);
}

/// What the log says of one session and this pod at one position.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Truth {
    NotOurs { ended: Option<Position> },
    Ours { token: Position, desired: Desired },
}

const SESSIONS: usize = 3;

/// A history: the truth about each session at each position, from 0.
fn history(turns: &[(usize, u8)]) -> Vec<[Truth; SESSIONS]> {
    let mut now = [Truth::NotOurs { ended: None }; SESSIONS];
    let mut history = vec![now];
    for (position, &(session, turn)) in (1..).zip(turns) {
        now[session] = match (now[session], turn) {
            (Truth::Ours { token, .. }, 0) => Truth::NotOurs { ended: Some(token) },
            (Truth::Ours { token, .. }, 1) => Truth::Ours { token, desired: Desired::Stop },
            // Gained; or lost and gained within one append, as after a new registration.
            _ => Truth::Ours { token: position, desired: Desired::Run },
        };
        history.push(now);
    }
    history
}

/// Something true, as of a position: about all sessions (a sync or an answer) or about one.
#[derive(Debug, Clone, Copy)]
enum Statement {
    Sync(usize),
    Answer(usize),
    One(usize, usize),
}

/// Which statement a test makes of four random numbers.
fn statement(kind: u8, position: usize, session: usize) -> Statement {
    match kind {
        0 => Statement::Sync(position),
        1 => Statement::Answer(position),
        _ => Statement::One(position, session),
    }
}

fn position(index: usize) -> Position {
    Position::try_from(index).expect("small")
}

fn say(belief: &mut Belief, history: &[[Truth; SESSIONS]], statement: Statement) -> Vec<Effect> {
    let grants = |truth: &[Truth; SESSIONS]| -> Vec<LeaseGrant> {
        let ours = |(n, truth): (usize, &Truth)| match truth {
            Truth::Ours { token, desired } => Some(grant(n, *token, *desired)),
            Truth::NotOurs { .. } => None,
        };
        truth.iter().enumerate().filter_map(ours).collect()
    };
    match statement {
        Statement::Sync(index) => belief.hear_all(at(position(index)), grants(&history[index])),
        Statement::Answer(index) => {
            let missed = grants(&history[index]);
            let leases: Vec<_> = missed.iter().map(|g| (usize::from(g.session.ordinal), g.token.position())).collect();
            belief.hear_answer(answer(at(position(index)), &leases, missed))
        }
        Statement::One(index, n) => match history[index][n] {
            Truth::NotOurs { ended: None } => Vec::new(),
            Truth::NotOurs { ended: Some(p) } => belief.hear_fence(at(position(index)), &session(n), token(p), "").into_iter().collect(),
            Truth::Ours { token: p, desired: Desired::Run } => belief.hear_grant(at(position(index)), grant(n, p, Desired::Run)),
            Truth::Ours { token: p, desired: Desired::Stop } => {
                belief.hear_stop(at(position(index)), &session(n), token(p), String::new()).into_iter().collect()
            }
        },
    }
}

/// Carries effects out, and fails where two tokens of a session would run or an older one after a newer one.
#[derive(Default)]
struct Runtime {
    running: BTreeMap<SessionId, FencingToken>,
    largest: BTreeMap<SessionId, FencingToken>,
}

impl Runtime {
    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), TestCaseError> {
        for effect in effects {
            match effect {
                Effect::Start(grant) => {
                    let largest = self.largest.insert(grant.session.clone(), grant.token);
                    prop_assert!(largest < Some(grant.token), "{} after {largest:?}", grant.token);
                    prop_assert_eq!(self.running.insert(grant.session, grant.token), None, "two tokens of one session run");
                }
                Effect::Fence { session, token, .. } => {
                    // What was granted only to be closed never ran.
                    let ran = self.running.remove(&session);
                    prop_assert!(ran.is_none_or(|ran| ran == token));
                }
                Effect::Close { .. } => {}
                Effect::GiveBack { .. } => prop_assert!(false, "nothing to give back: no statement was false"),
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn the_newest_truth_wins_whatever_is_lost_doubled_or_overtaken(
        turns in prop::collection::vec((0..SESSIONS, 0_u8..3), 1..40),
        heard in prop::collection::vec((0_u8..5, any::<prop::sample::Index>(), 0..SESSIONS), 0..60),
    ) {
        let history = history(&turns);
        let (mut belief, mut runtime) = (Belief::default(), Runtime::default());
        // The newest position of which anything was said about each session.
        let mut newest = [None; SESSIONS];
        for (kind, index, n) in heard {
            let statement = statement(kind, index.index(history.len()), n);
            runtime.carry_out(say(&mut belief, &history, statement))?;
            match statement {
                Statement::Sync(index) | Statement::Answer(index) => newest.iter_mut().for_each(|known| *known = (*known).max(Some(index))),
                Statement::One(index, n) => match history[index][n] {
                    Truth::NotOurs { ended: None } => {}
                    // A stop order for a lease that it does not hold tells the pod nothing yet, but that older ones are gone.
                    Truth::Ours { desired: Desired::Stop, .. } if newest[n] < Some(index) => {}
                    _ => newest[n] = newest[n].max(Some(index)),
                },
            }
            let held: BTreeMap<_, _> = belief.held().map(|(session, token, _)| (session.clone(), token)).collect();
            for (n, index) in newest.iter().enumerate() {
                let truth = index.map(|index| history[index][n]);
                match (held.get(&session(n)), truth) {
                    (Some(held), Some(Truth::Ours { token: known, .. })) => prop_assert_eq!(*held, token(known)),
                    (Some(held), _) => prop_assert!(false, "holds {held}, but the newest that it heard is {truth:?}"),
                    (None, _) => {}
                }
            }
        }
        // In the end a complete statement gets through.
        let last = history.len() - 1;
        runtime.carry_out(say(&mut belief, &history, Statement::Answer(last)))?;
        let held: BTreeMap<_, _> = belief.held().map(|(session, token, _)| (session.clone(), token)).collect();
        for (n, truth) in history[last].iter().enumerate() {
            match truth {
                Truth::NotOurs { .. } => {
                    prop_assert!(!held.contains_key(&session(n)) && !runtime.running.contains_key(&session(n)));
                }
                Truth::Ours { token: p, desired } => {
                    prop_assert_eq!(held.get(&session(n)), Some(&token(*p)));
                    prop_assert!(*desired == Desired::Stop || runtime.running.get(&session(n)) == Some(&token(*p)));
                }
            }
        }
    }

    /// Statements are idempotent: hearing one again changes nothing.
    #[test]
    fn a_repeated_statement_has_no_effect(
        turns in prop::collection::vec((0..SESSIONS, 0_u8..3), 1..20),
        heard in prop::collection::vec((0_u8..5, any::<prop::sample::Index>(), 0..SESSIONS), 1..20),
    ) {
        let history = history(&turns);
        let mut belief = Belief::default();
        for (kind, index, n) in heard {
            let statement = statement(kind, index.index(history.len()), n);
            say(&mut belief, &history, statement);
            prop_assert_eq!(say(&mut belief, &history, statement), Vec::new(), "{:?}", statement);
        }
    }
}
