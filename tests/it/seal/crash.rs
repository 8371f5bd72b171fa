//! Nothing leaves the table that is not in a file, is too young, or is not what was checked.

use conncentric::log::migrate;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Fixture, succeed};
use crate::support::postgres::Database;
use crate::support::process::{Process, command};
use crate::support::wait::{SOON, eventually, holds};
use crate::support::walk::Walk;

#[tokio::test]
async fn a_run_that_was_killed_before_the_removal_is_taken_up_again() {
    let mut fixture = Fixture::begin("seal_killed").await;
    let (count, before) = (fixture.ledger_count().await, fixture.head());
    let file = fixture.path("ledger.jsonl");
    // Somebody holds the head, so the run comes as far as the end of its transaction and no further.
    let mut holder = fixture.database.connect().await;
    let held = holder.transaction().await.expect("begins");
    held.batch_execute("select lock_head()").await.expect("locks");
    let mut sealing = command();
    let position = before.to_string();
    sealing.env("DATABASE_URL", &fixture.database.url).args(["seal", "--keep", "0s", "--before", &position, "--archive"]).arg(&file);
    let mut process = Process::spawn("seal", fixture.folder.path(), sealing);
    eventually(SOON, async || {
        let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%seal_ledger%'";
        let waiting: i64 = fixture.owner.query_one(waiting, &[]).await.expect("reads").get(0);
        holds(file.exists() && waiting == 1, "it does not wait for the head yet")
    })
    .await;
    process.signal(Signal::KILL);
    process.exit().await;
    held.rollback().await.expect("lets go");
    let ended = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'conncentric migrate'";
    eventually(SOON, async || {
        let left: i64 = fixture.owner.query_one(ended, &[]).await.expect("reads").get(0);
        holds(left == 0, "its connection is still there")
    })
    .await;
    assert_eq!(fixture.ledger_count().await, count, "a file, and nothing removed");
    fixture.succeed(&["verify"], &[]).await;

    // Time goes on; the next run takes the file up, though more could be sealed now.
    fixture.walk(20).await;
    let said = fixture.seal(fixture.head(), "ledger.jsonl").await;
    assert!(said.contains("was left behind by a run that did not come to its end"), "{said}");
    assert!(fixture.first_in_the_table().await >= before);
    fixture.succeed(&["verify", "--archive"], &["ledger.jsonl"]).await;

    // A file that was sealed is not taken up, nor is one of something else, nor one that was damaged.
    std::fs::write(fixture.path("notes.txt"), "mine").expect("written");
    for name in ["ledger.jsonl", "notes.txt"] {
        let before = std::fs::read(fixture.path(name)).expect("the file");
        let refused = fixture.fail(&["seal", "--keep", "0s", "--before", &(fixture.head() + 1).to_string(), "--archive"], &[name]).await;
        assert!(refused.contains("is there already and is no archive that could be taken up"), "{refused}");
        assert_eq!(std::fs::read(fixture.path(name)).expect("the file"), before, "untouched");
    }
}

#[tokio::test]
async fn what_is_young_stays() {
    let fixture = Fixture::begin("seal_young").await;
    let count = fixture.ledger_count().await;
    let head = fixture.head().to_string();
    for keep in [vec![], vec!["--keep", "1h"]] {
        let refused = fixture.fail(&[&["seal", "--before", &head], &*keep, &["--archive"]].concat(), &["ledger.jsonl"]).await;
        assert!(refused.contains("repeated requests are looked for among them"), "{refused}");
    }
    let refused = fixture.fail(&["seal", "--before", "2020-01-01T00:00:00Z", "--archive"], &["ledger.jsonl"]).await;
    assert!(refused.contains("there is nothing to seal"), "{refused}");
    assert!(!fixture.path("ledger.jsonl").exists());
    assert_eq!(fixture.ledger_count().await, count);
}

/// The function that removes believes nobody: not the program that calls it, and not its owner.
#[tokio::test]
async fn the_database_removes_only_what_was_exported_and_recorded() {
    let fixture = Fixture::begin("seal_refused").await;
    let (count, last) = (fixture.ledger_count().await, fixture.head() / 2);
    let row = "select max(position), count(*), (array_agg(encode(hash, 'hex') order by position desc))[1] from event where not pulse and position <= $1";
    let row = fixture.owner.query_one(row, &[&last]).await.expect("reads");
    let (last, events, hash): (i64, i64, String) = (row.get(0), row.get(1), row.get(2));
    let right = json!({"first": 1, "last": last, "events": events, "hash": hash, "file": "x", "sha256": "0".repeat(64), "reason": null});
    let changed = |key: &str, value: Value| {
        let mut data = right.clone();
        data[key] = value;
        data
    };
    let call = "select seal_ledger(gen_random_uuid(), 1::smallint, 'test', gen_random_uuid(), $1::text, $2::float8)";
    for (data, keep, words) in [
        (right.clone(), 60.0, "too young"),
        (changed("hash", json!("0".repeat(64))), 0.0, "does not have the hash"),
        (changed("events", json!(events - 1)), 0.0, "not the"),
        (changed("first", json!(2)), 0.0, "must go on at position 1"),
        (changed("last", json!(last + 1_000_000)), 0.0, "does not have the hash"),
        (changed("last", Value::Null), 0.0, "does not have the hash"),
    ] {
        let refused = fixture.owner.query_one(call, &[&data.to_string(), &keep]).await.expect_err(words);
        let refused = refused.as_db_error().expect("of the server").message().to_owned();
        assert!(refused.contains(words), "{data}: {refused}");
    }
    let refused = fixture.walk.connection.client.query_one(call, &[&right.to_string(), &0.0]).await.expect_err("refused");
    assert!(refused.as_db_error().expect("of the server").message().contains("permission denied"), "{refused:?}");
    for statement in ["delete from event", "truncate event_ledger", "set conncentric.sealing = 'on'; update event set actor = 'x'"] {
        fixture.owner.batch_execute(statement).await.expect_err(statement);
    }
    assert_eq!(fixture.ledger_count().await, count);
    fixture.owner.query_one(call, &[&right.to_string(), &0.0]).await.expect("as it is");
    assert_eq!(fixture.ledger_count().await, count - events + 1);
}

/// Providers give out databases without a superuser.
#[tokio::test]
async fn an_owner_who_is_no_superuser_can_seal_and_unseal() {
    let database = Database::create("seal_owner").await;
    let superuser = database.connect().await;
    let name: String = superuser.query_one("select current_database()::text", &[]).await.expect("reads").get(0);
    let role = format!("owner_of_{name}");
    for statement in [
        format!("create role {role} login createrole password 'secret'"),
        format!("alter database {name} owner to {role}"),
        format!("alter schema public owner to {role}"),
    ] {
        superuser.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let (_, place) = database.url.split_once('@').expect("a URL with a role");
    let url = format!("postgres://{role}:secret@{place}");
    migrate(&url).await.expect("migrates");
    let mut walk = Walk::begin_on(&url).await;
    for _ in 0..40 {
        let command = walk.any_command();
        walk.command(&command).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("ledger.jsonl").display().to_string();
    let position = walk.fleet.ledger_position().to_string();
    succeed(&url, &["seal", "--keep", "0s", "--before", &position, "--archive", &archive], &[]).await;
    succeed(&url, &["verify", "--archive", &archive], &[]).await;
    succeed(&url, &["unseal", &archive], &[]).await;
    succeed(&url, &["verify"], &[]).await;
}
