//! A database from a file: everything that the ledger held, or nothing.

use conncentric::domain::token::{Epoch, FencingToken};
use conncentric::log::check_schema;
use conncentric::log::{Connection, Purpose};
use tokio_postgres::Client;

use super::{Fixture, check, read, run_on, stderr, write};
use crate::support::api;
use crate::support::postgres::Database;
use crate::support::walk::{Walk, copy_content};

/// Every projection as one text for each table.
async fn projections(owner: &Client) -> Vec<(String, String)> {
    let tables = owner.query("select tablename::text from pg_tables where schemaname = 'projection' order by 1", &[]).await.expect("lists");
    let mut found = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let rows = format!("select coalesce(string_agg(t::text, e'\\n' order by t::text), '') from projection.{table} t");
        found.push((table, owner.query_one(&rows, &[]).await.expect("reads").get(0)));
    }
    assert!(found.len() > 5);
    found
}

async fn import(fixture: &Fixture, migrated: bool) -> Database {
    let path = fixture.export("ledger", &[]).await;
    let restored = Database::create("restored").await;
    if migrated {
        conncentric::log::migrate(&restored.url).await.expect("migrates");
    }
    let output = run_on(&restored, &["import", &path.display().to_string()]).await;
    assert!(output.status.success(), "{}", stderr(&output));
    restored
}

#[tokio::test]
async fn a_restored_log_holds_what_the_ledger_held_and_goes_on() {
    let fixture = Fixture::begin("restore").await;
    for migrated in [false, true] {
        let restored = import(&fixture, migrated).await;
        let (before, after) = (fixture.database.connect().await, restored.connect().await);
        assert_eq!(projections(&before).await, projections(&after).await);

        // The same lines, and one more: that the pulses did not come along.
        let original = read(&fixture.path("ledger"));
        let path = fixture.path("again");
        let output = run_on(&restored, &["export", "--output", &path.display().to_string()]).await;
        assert!(output.status.success(), "{}", stderr(&output));
        let again = read(&path);
        let events = original.len() - 2;
        assert_eq!(original[1..=events], again[1..=events]);
        assert_eq!(again.len(), original.len() + 1);
        assert!(again[events + 1].contains("\"type\":\"PulsesDropped\""), "{}", again[events + 1]);
        every_position_is_accounted_for(&after).await;
        let verified = run_on(&restored, &["verify"]).await;
        assert!(stderr(&verified).contains("it is not there"), "content does not come along: {}", stderr(&verified));
        copy_content(&fixture.database, &restored).await;
        let verified = run_on(&restored, &["verify"]).await;
        assert!(verified.status.success(), "{}", stderr(&verified));
        it_goes_on(&fixture, &restored).await;
    }
}

/// What `verify` counts too: ledger events, and pulses that are recorded as dropped, fill the positions up to the head.
async fn every_position_is_accounted_for(owner: &Client) {
    let counted = "select (select position from event_head) - (select count(*) from event)
                   - (select coalesce(sum((data ->> 'count')::bigint), 0)::bigint from event where type = 'PulsesDropped')";
    assert_eq!(owner.query_one(counted, &[]).await.expect("counts").get::<_, i64>(0), 0);
    let inside = "select count(*) from event d, lateral (select count(*) as kept from event e
                      where e.position between (d.data ->> 'first')::bigint and (d.data ->> 'last')::bigint) k
                  where type = 'PulsesDropped'
                    and (d.data ->> 'last')::bigint - (d.data ->> 'first')::bigint + 1 <> kept + (d.data ->> 'count')::bigint";
    assert_eq!(owner.query_one(inside, &[]).await.expect("counts").get::<_, i64>(0), 0);
}

/// The application's role can serve it, and every new token is above every old one.
async fn it_goes_on(fixture: &Fixture, restored: &Database) {
    let connection = Connection::open(&restored.app_url, Purpose::Read).await.expect("connects");
    check_schema(&connection).await.expect("it can be served");
    let old = fixture.walk.fleet.sessions().filter_map(|(_, session)| session.last_token).max().expect("claims were made");
    let mut walk = Walk::begin(restored).await;
    let restored_at = walk.fleet.ledger_position();
    for _ in 0..40 {
        let command = walk.any_command();
        walk.command(&command).await;
    }
    let new = walk.fleet.sessions().filter_map(|(_, session)| session.last_token).max().expect("claims were made");
    assert!(walk.fleet.ledger_position() > restored_at && new > old);
    assert!(new > FencingToken::new(Epoch(1), restored_at).expect("a token"), "positions go on after the last that was given out");

    let verified = run_on(restored, &["verify"]).await;
    assert!(verified.status.success(), "{}", stderr(&verified));

    // So can an orchestrator.
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = api::orchestrator("restored", &folder, &restored.url);
    process.line_with("following the log").await;
}

#[tokio::test]
async fn a_database_that_holds_events_and_files_that_are_not_sound_change_nothing() {
    let fixture = Fixture::begin("nothing").await;
    let whole = fixture.export("whole", &[]).await;
    let shown = whole.display().to_string();
    let ours = fixture.key(1);

    let output = fixture.run(&["import", &shown]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error: the database holds events already, up to position"), "{}", stderr(&output));

    let empty = Database::create("empty").await;
    let mut lines = read(&whole);
    lines.remove(9);
    let edited = fixture.path("edited");
    write(&edited, &lines);
    let tail = fixture.export("tail", &["--from", "5"]).await.display().to_string();
    for (arguments, words) in [
        (vec!["import", edited.to_str().expect("text")], "line 10"),
        (vec!["import", &tail], "what came before is missing"),
        (vec!["import", &shown, "--verify-key", &ours.public], "nothing in the file is signed"),
        (vec!["import", "/nowhere"], "cannot open it"),
    ] {
        let output = run_on(&empty, &arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    let tables = empty.connect().await.query_one("select count(*) from pg_tables where schemaname = 'public'", &[]).await.expect("counts");
    assert_eq!(tables.get::<_, i64>(0), 0, "it was not even migrated");
}

/// A page that does not continue the log is refused by the database too, and nothing of the import stays.
#[tokio::test]
async fn the_database_takes_only_what_continues_the_chain() {
    let fixture = Fixture::begin("chain").await;
    let path = fixture.export("ledger", &[]).await;
    check(&path).expect("sound");
    let empty = Database::create("chain_empty").await;
    conncentric::log::migrate(&empty.url).await.expect("migrates");
    let mut reader = conncentric::audit::export::Reader::open(&[path], None);
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().expect("sound") {
        rows.push(row);
    }
    for break_it in [|rows: &mut Vec<_>| drop(rows.remove(3)), |rows: &mut Vec<_>| rows.swap(4, 5)] {
        let mut broken = rows.clone();
        break_it(&mut broken);
        let mut connection = Connection::open(&empty.url, Purpose::Migrate).await.expect("connects");
        let import = conncentric::audit::import::Import::begin(&mut connection).await.expect("begins");
        let refused = import.add(&broken).await.expect_err("refused").to_string();
        assert!(refused.contains("does not continue the log"), "{refused}");
        drop(import);
        let owner = empty.connect().await;
        let left: i64 = owner.query_one("select position + (select count(*) from event) from event_head", &[]).await.expect("reads").get(0);
        assert_eq!(left, 0);
    }
    // Nor may the application's role.
    let mut connection = Connection::open(&empty.app_url, Purpose::Append).await.expect("connects");
    let import = conncentric::audit::import::Import::begin(&mut connection).await.expect("begins");
    let refused = import.add(&rows).await.expect_err("refused").to_string();
    assert!(refused.contains("permission denied"), "{refused}");
}
