//! What must be true of the log after any scenario whatsoever.

use std::collections::BTreeMap;

use conncentric::domain::event::{Event, Recorded};
use conncentric::domain::evolve::evolve;
use conncentric::domain::fleet::Fleet;
use conncentric::domain::name::SessionId;
use conncentric::domain::token::{FencingToken, Position};
use conncentric::log::{Connection, Entry, Purpose, load_fleet};

use super::system::{Owner, Owners, System, owners};
use super::wait::{SOON, eventually, holds};

/// Positions have no gap, ownerships do not overlap, tokens grow, the projections and the API agree with the fold, and the
/// venue never accepted an older owner after a newer one.
pub async fn assert_sound(system: &System) {
    system.journal().assert_tokens_never_shrink();
    let entries = system.entries().await;
    for (entry, expected) in entries.iter().zip(1..) {
        assert_eq!(entry.position(), expected, "positions have no gap");
    }
    let ledger: Vec<Recorded> = entries.into_iter().filter_map(ledger).collect();
    assert_one_owner_at_a_time(&ledger);
    assert_intervals_agree(system, &ledger).await;
    assert_fold_agrees(system).await;
}

fn ledger(entry: Entry) -> Option<Recorded> {
    if let Entry::Ledger(recorded) = entry { Some(*recorded) } else { None }
}

#[derive(Debug, PartialEq, Eq)]
struct Interval {
    token: FencingToken,
    from: Position,
    to: Option<Position>,
}

/// The ownerships that the events tell of, without any code of the product.
fn intervals(ledger: &[Recorded]) -> BTreeMap<SessionId, Vec<Interval>> {
    let mut all: BTreeMap<SessionId, Vec<Interval>> = BTreeMap::new();
    for recorded in ledger {
        let (session, token) = match &recorded.event {
            Event::SessionClaimed(event) => {
                let token = FencingToken::new(recorded.epoch, recorded.position).expect("a token");
                all.entry(event.session.clone()).or_default().push(Interval { token, from: recorded.position, to: None });
                continue;
            }
            Event::SessionReleased(event) => (&event.session, event.token),
            Event::LeaseExpired(event) => (&event.session, event.token),
            _ => continue,
        };
        let open = all.get_mut(session).and_then(|intervals| intervals.last_mut());
        let open = open.filter(|open| open.token == token && open.to.is_none());
        open.unwrap_or_else(|| panic!("ends what nobody owned: {recorded:?}")).to = Some(recorded.position);
    }
    all
}

/// I1 and I5.
fn assert_one_owner_at_a_time(ledger: &[Recorded]) {
    for (session, intervals) in intervals(ledger) {
        for pair in intervals.windows(2) {
            assert!(pair[0].to.is_some_and(|to| to <= pair[1].from), "{session} had two owners: {pair:?}");
            assert!(pair[0].token < pair[1].token, "the token of {session} did not grow: {pair:?}");
        }
    }
}

/// The intervals in the database are those of the events that were read.
async fn assert_intervals_agree(system: &System, ledger: &[Recorded]) {
    let last = ledger.last().map_or(0, |recorded| recorded.position);
    let statement =
        "select session, token, lower(during), upper(during) from projection.ownership where lower(during) <= $1 order by token";
    let rows = system.database.connect().await.query(statement, &[&last]).await.expect("reads");
    let mut stored: BTreeMap<SessionId, Vec<Interval>> = BTreeMap::new();
    for row in rows {
        let session = row.get::<_, String>(0).parse().expect("a session");
        let token = FencingToken::from_i64(row.get(1)).expect("a token");
        // What ended since the events were read was still open then.
        let to = row.get::<_, Option<i64>>(3).filter(|to| *to <= last);
        stored.entry(session).or_default().push(Interval { token, from: row.get(2), to });
    }
    assert_eq!(stored, intervals(ledger));
}

/// I6: what the projections and the API say is the fold of the events.
async fn assert_fold_agrees(system: &System) {
    let mut connection = Connection::open(&system.database.app_url, Purpose::Read).await.expect("connects");
    // The system runs on meanwhile, so both must be of the same position.
    eventually(SOON, async || {
        let (before, _) = load_fleet(&mut connection).await.map_err(|error| error.to_string())?;
        let sessions = system.sessions().await.map_err(|error| error.to_string())?;
        let (after, _) = load_fleet(&mut connection).await.map_err(|error| error.to_string())?;
        if before.ledger_position() != after.ledger_position() {
            return Err("the ledger grew while it was compared".to_owned());
        }
        let upto = system.events().await.into_iter().filter(|recorded| recorded.position <= after.ledger_position());
        let start = Ok(Fleet::new(after.epoch()));
        let folded = upto.fold(start, |fleet, recorded| evolve(fleet?, &recorded)).expect("the log can be folded");
        assert_eq!(folded, after, "the projections differ from the fold");
        let agrees = folded.sessions().count() == sessions.len() && owners(sessions.clone()) == folded_owners(&folded);
        holds(agrees, format!("the API differs from the fold: {sessions:?}"))
    })
    .await;
}

fn folded_owners(fleet: &Fleet) -> Owners {
    let owned = |(id, session): (&SessionId, &conncentric::domain::fleet::Session)| {
        let lease = session.lease.as_ref()?;
        Some((id.clone(), Owner { holder: lease.holder.clone(), token: lease.token }))
    };
    fleet.sessions().filter_map(owned).collect()
}
