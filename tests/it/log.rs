//! The log against a real database: migrations, the conditional append, the constraints, and the projections as a fold (I6).

use std::collections::BTreeMap;

use conncentric::audit::{chain, source};
use conncentric::domain::adapter::LeaseTtl;
use conncentric::domain::command::{Command, Precondition, PutAdapter, Register, Release, SetEnabled, Targets};
use conncentric::domain::decide::Proposal;
use conncentric::domain::event::{AdapterDisabled, ClaimKind, Event, SessionClaimed};
use conncentric::domain::evolve::evolve;
use conncentric::domain::fleet::Fleet;
use conncentric::domain::name::{RegistrationId, SessionId};
use conncentric::domain::restore::Parts;
use conncentric::domain::token::Epoch;
use conncentric::log::{
    Batch, Condition, Connection, Entry, Outcome, PendingEvent, Purpose, build_projections, load_fleet, migrate, read_tail, sql,
};
use uuid::Uuid;

use crate::support::postgres::{Database, connect};
use crate::support::walk::{Walk, access_token, holder, spec};

#[tokio::test]
async fn six_programs_migrate_an_empty_database_at_once() {
    let database = Database::create("migrate").await;
    let migrating = (0..6).map(|_| migrate(&database.url));
    let done = futures_util::future::join_all(migrating).await;
    let worked = done.iter().filter(|migrated| !migrated.as_ref().expect("no error").applied.is_empty()).count();
    assert_eq!(worked, 1, "one did the work, the others found it done: {done:?}");
}

#[tokio::test]
async fn every_statement_is_accepted_by_the_migrated_schema() {
    let database = Database::create("statements").await;
    migrate(&database.url).await.expect("migrates");
    let connection = Connection::open(&database.app_url, Purpose::Read).await.expect("connects");
    connection.client.batch_execute("create temp table refinery_schema_history (version integer)").await.ok();
    for (name, text) in sql::ALL {
        connection.statement(text).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// I6: at every position the projections equal the fold, however the log was cut into appends.
#[tokio::test]
async fn projections_are_the_fold_of_the_log() {
    let database = Database::create("fold").await;
    let mut walk = Walk::begin(&database).await;
    for step in 0..300 {
        let command = walk.any_command();
        walk.command(&command).await;
        let (loaded, _) = load_fleet(&mut walk.connection).await.expect("loads");
        assert_eq!(loaded, walk.fleet, "step {step}: after {command:?}");
    }
    assert!(walk.fleet.ledger_position() > 300, "the walk went somewhere: {}", walk.fleet.ledger_position());
    rebuilt_in_one_go_equals_the_live_projections(&database).await;
    the_log_folds_to_the_same_fleet(&walk).await;
}

async fn rebuilt_in_one_go_equals_the_live_projections(database: &Database) {
    let mut owner = database.connect().await;
    let transaction = owner.transaction().await.expect("begins");
    build_projections(&transaction, "scratch").await.expect("builds");
    for table in [
        "adapter",
        "adapter_history",
        "session",
        "session_status",
        "registration",
        "registration_history",
        "ownership",
        "access_token",
        "adapter_log",
        "artifact_version",
        "plugin_version",
        "blob_use",
    ] {
        let difference = format!(
            "select (select count(*) from (table projection.{table} except table scratch.{table}) a)
                  + (select count(*) from (table scratch.{table} except table projection.{table}) b), (select count(*) from scratch.{table})"
        );
        let row = transaction.query_one(&difference, &[]).await.expect("compares");
        assert_eq!(row.get::<_, i64>(0), 0, "{table} differs");
        assert!(row.get::<_, i64>(1) > 0 || table == "access_token", "{table} is not empty");
    }
}

async fn the_log_folds_to_the_same_fleet(walk: &Walk) {
    let statement = walk.connection.statement(sql::READ_TAIL).await.expect("prepares");
    let (mut fleet, mut after) = (Fleet::new(walk.fleet.epoch()), 0);
    loop {
        let entries = read_tail(&walk.connection, &statement, after, 100).await.expect("reads");
        let Some(last) = entries.last() else { break };
        assert_eq!(last.position() - after, i64::try_from(entries.len()).expect("a page"), "positions have no gap");
        after = last.position();
        for entry in entries {
            if let Entry::Ledger(recorded) = entry {
                fleet = evolve(fleet, &recorded).expect("folds");
            }
        }
    }
    assert_eq!(fleet, walk.fleet);
}

fn a_claim(pod: &str, registration: i32) -> Proposal {
    let event = SessionClaimed {
        session: "a0/0".parse().expect("a session"),
        pod: pod.parse().expect("a name"),
        incarnation: "i".parse().expect("an incarnation"),
        registration: RegistrationId(registration),
        kind: ClaimKind::Placement,
        ttl_ms: LeaseTtl::DEFAULT,
        revision: 1,
        units: 1,
    };
    Proposal { event: Event::from(event), cause: None }
}

async fn a_walk_with_an_owned_session(database: &Database) -> Walk {
    let mut walk = Walk::begin(database).await;
    let put =
        PutAdapter { adapter: "a0".parse().expect("a name"), spec: spec(1, 1000), enabled: Some(true), precondition: Precondition::None };
    walk.command(&Command::PutAdapter(put)).await;
    for pod in ["p0", "p1"] {
        let register = Register {
            holder: holder(pod, "i"),
            capacity: 5,
            labels: BTreeMap::default(),
            connectors: vec!["tcp".parse().expect("a connector")],
            platform: None,
            access_token: access_token(),
        };
        walk.command(&Command::Register(register)).await;
    }
    assert!(walk.fleet.session(&"a0/0".parse().expect("a session")).is_some_and(|session| session.lease.is_some()));
    walk
}

/// I1: even if Rust decided on a second owner, the database would refuse the append, and nothing of it would stay.
#[tokio::test]
async fn the_database_refuses_a_second_owner() {
    let database = Database::create("second_owner").await;
    let mut walk = a_walk_with_an_owned_session(&database).await;
    let before = walk.fleet.ledger_position();
    let refused = walk.append(vec![a_claim("p1", 2)], vec![]).await.expect_err("refused");
    assert!(refused.contains("ownership_never_overlaps"), "{refused}");
    let count: i64 = database.connect().await.query_one("select max(position) from event_ledger", &[]).await.expect("reads").get(0);
    assert_eq!(count, before);
}

/// I1 in the past, too: no ownership begins before the one before it had ended, whatever it says of that, and no end is moved.
#[tokio::test]
async fn the_database_refuses_intervals_that_overlap() {
    let database = Database::create("overlap").await;
    let mut walk = a_walk_with_an_owned_session(&database).await;
    let session: SessionId = "a0/0".parse().expect("a session");
    let lease = walk.fleet.session(&session).and_then(|entry| entry.lease.clone()).expect("owned");
    let release = Release { holder: lease.holder, sessions: vec![(session, lease.token)], access_token: access_token() };
    walk.command(&Command::SetEnabled(SetEnabled { targets: Targets::All, enabled: false, reason: None })).await;
    walk.command(&Command::Release(release)).await;
    let owner = database.connect().await;
    let follow = |previous_ended: &str, begins: &str| {
        format!(
            "insert into projection.ownership (session, token, previous_token, previous_ended, pod, incarnation, registration, claimed_by,
                                               ttl_ms, revision, units, during, since)
             select session, token + 100, token, {previous_ended}, 'p1', 'forged', 2, 'request', ttl_ms, revision, units,
                    int8range({begins}, null), since
             from projection.ownership where session = 'a0/0'"
        )
    };
    let move_end =
        "update projection.ownership set during = int8range(lower(during), ended + 5) where session = 'a0/0' and ended is not null";
    let (before, chained) = (Some("ownership_never_overlaps"), Some("ownership_follows_one_that_ended"));
    let steps = [
        (follow("ended", "ended - 1"), before),
        (follow("ended - 1", "ended - 1"), chained),
        (follow("null", "ended - 1"), before),
        (follow("ended", "ended"), None),
        (move_end.to_owned(), chained),
    ];
    for (statement, expected) in steps {
        let done = owner.batch_execute(&statement).await;
        let refused_by = done.err().and_then(|error| error.as_db_error()?.constraint().map(str::to_owned));
        assert_eq!(refused_by.as_deref(), expected, "{statement}");
    }
}

/// I5: a token that does not grow is refused, whatever became of the head.
#[tokio::test]
async fn the_database_refuses_a_token_that_does_not_grow() {
    let database = Database::create("token").await;
    let mut walk = a_walk_with_an_owned_session(&database).await;
    let session: SessionId = "a0/0".parse().expect("a session");
    let lease = walk.fleet.session(&session).and_then(|entry| entry.lease.clone()).expect("owned");
    let release = Release { holder: lease.holder, sessions: vec![(session, lease.token)], access_token: access_token() };
    walk.command(&Command::SetEnabled(SetEnabled { targets: Targets::All, enabled: false, reason: None })).await;
    walk.command(&Command::Release(release)).await;
    // As if a database had come back without its last epoch: positions go on, the high part of the tokens is smaller.
    let owner = database.connect().await;
    owner.batch_execute("update event_head set epoch = 0").await.expect("the owner may");
    walk.fleet = Fleet::restore(Epoch(0), walk.fleet.ledger_position(), walk.fleet.recorded_at(), Parts::default());
    let refused = walk.append(vec![a_claim("p1", 2)], vec![]).await.expect_err("refused");
    assert!(refused.contains("ownership_token_grows"), "{refused}");
}

/// An append that was decided on an old view is not carried out, and says so.
#[tokio::test]
async fn the_loser_of_a_race_writes_nothing() {
    let database = Database::create("race").await;
    let mut winner = a_walk_with_an_owned_session(&database).await;
    let mut loser = Walk::begin(&database).await;
    winner.command(&Command::SetEnabled(SetEnabled { targets: Targets::All, enabled: false, reason: None })).await;
    let event = Event::from(AdapterDisabled { adapter: "a0".parse().expect("a name"), reason: None });
    let lost = loser.append(vec![Proposal { event, cause: None }], vec![(RegistrationId(1), 1)]).await.expect_err("lost");
    assert_eq!(lost, "Conflict");
    let lost = loser.append(vec![], vec![(RegistrationId(1), 1)]).await.expect_err("heartbeats are conditional too");
    assert_eq!(lost, "Conflict");
}

/// A request id that is in the log is never carried out again (I4).
#[tokio::test]
async fn a_request_is_carried_out_once() {
    let database = Database::create("once").await;
    let mut walk = a_walk_with_an_owned_session(&database).await;
    let disable = Event::from(AdapterDisabled { adapter: "a0".parse().expect("a name"), reason: None });
    let id = Uuid::now_v7();
    let pending = PendingEvent { id, proposal: Proposal { event: disable, cause: None }, actor: "test".into(), request_id: Some(id) };
    let batch = Batch { events: vec![pending], pulse: None };
    let statement = walk.connection.statement(sql::APPEND).await.expect("prepares");
    let condition = Condition { epoch: walk.fleet.epoch(), ledger_position: walk.fleet.ledger_position(), position: None };
    let first = batch.append(&walk.connection, &statement, &condition).await.expect("appends");
    let Outcome::Appended(appended) = first else { panic!("{first:?}") };
    let condition = Condition { ledger_position: appended.ledger_position, ..condition };
    let second = batch.append(&walk.connection, &statement, &condition).await.expect("answers");
    assert_eq!(second, Outcome::Carried(vec![id]));
    walk.silent = None;
}

#[tokio::test]
async fn history_cannot_be_edited_by_the_application_and_not_by_mistake() {
    let database = Database::create("immutable").await;
    a_walk_with_an_owned_session(&database).await;
    let owner = database.connect().await;
    let app = connect(&database.app_url).await;
    for statement in ["update event set actor = 'x'", "delete from event", "truncate event_ledger", "update event_head set position = 1"] {
        app.batch_execute(statement).await.expect_err(statement);
    }
    for statement in ["update event set actor = 'x'", "delete from event", "truncate event_ledger"] {
        owner.batch_execute(statement).await.expect_err(statement);
    }
    app.batch_execute("begin; select lock_head(); commit").await.expect("it may keep others from appending for a moment");
    app.batch_execute("select * from event, event_head, projection.session, heartbeat limit 1").await.expect("it may read");
}

/// Pulses come into partitions of their own, and the next one is always there.
#[tokio::test]
async fn pulse_partitions_are_made_ahead() {
    let database = Database::create("partitions").await;
    let mut walk = a_walk_with_an_owned_session(&database).await;
    let owner = database.connect().await;
    owner.batch_execute("update event_head set position = (3 << 20) - 1 where false").await.expect("the owner may");
    owner.batch_execute("select pulse_partition(2 << 20); update event_head set position = (2 << 20) - 1").await.expect("the owner may");
    walk.append(vec![], vec![(RegistrationId(1), 1), (RegistrationId(2), 7)]).await.expect("appends");
    let made: bool = owner.query_one("select to_regclass('event_pulse_3') is not null", &[]).await.expect("reads").get(0);
    assert!(made, "entering the third partition makes the fourth");
    let rows = owner.query("select pod, sequence from heartbeat where position = 2 << 20 order by pod", &[]).await.expect("reads");
    let beats: Vec<(String, i32)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(beats, [("p0".to_owned(), 1), ("p1".to_owned(), 7)]);
}

/// On a log of a million events PostgreSQL would compile the statements of each append for a third of a second.
#[tokio::test]
async fn no_connection_has_statements_compiled() {
    let database = Database::create("jit").await;
    migrate(&database.url).await.expect("migrates");
    for purpose in [Purpose::Append, Purpose::Read, Purpose::Migrate] {
        let connection = Connection::open(&database.url, purpose).await.expect("connects");
        let jit: String = connection.client.query_one("show jit", &[]).await.expect("answers").get(0);
        assert_eq!(jit, "off", "{purpose:?}");
    }
}

/// The two implementations of the hash chain agree: what the database wrote is what Rust works out from the rows.
#[tokio::test]
async fn the_hash_chain_is_the_same_in_sql_and_in_rust() {
    let database = Database::create("chain").await;
    let mut walk = Walk::begin(&database).await;
    for _ in 0..60 {
        let command = walk.any_command();
        walk.command(&command).await;
    }
    let mut snapshot = source::Snapshot::begin(&mut walk.connection, 0).await.expect("begins");
    let mut previous = chain::genesis();
    loop {
        let page = snapshot.next_page().await.expect("reads");
        if page.is_empty() {
            break;
        }
        for row in page {
            previous = chain::link(&previous, &row).expect("JSON");
            assert_eq!(previous, row.hash, "at {}", row.position);
        }
    }
    assert_ne!(previous, chain::genesis());
}
