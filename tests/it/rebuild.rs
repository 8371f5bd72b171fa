//! `rebuild`: new projections beside the old ones, switched while the system runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use conncentric::log::{build_projections, migrate, rebuild};

use crate::support::postgres::Database;
use crate::support::walk::Walk;

/// The live projections, and those of a build in one go, row by row.
async fn assert_projections_are_the_log(database: &Database) {
    let mut owner = database.connect().await;
    let transaction = owner.transaction().await.expect("begins");
    build_projections(&transaction, "scratch").await.expect("builds");
    let tables = transaction.query("select tablename::text from pg_tables where schemaname = 'scratch'", &[]).await.expect("lists");
    assert!(tables.len() > 5);
    for table in tables {
        let table: String = table.get(0);
        let difference = format!(
            "select (select count(*) from (table projection.{table} except table scratch.{table}) a)
                  + (select count(*) from (table scratch.{table} except table projection.{table}) b)"
        );
        let row = transaction.query_one(&difference, &[]).await.expect("compares");
        assert_eq!(row.get::<_, i64>(0), 0, "{table} differs");
    }
}

#[tokio::test]
async fn a_rebuild_beside_appends_ends_equal_and_delays_nobody_for_long() {
    let database = Arc::new(Database::create("rebuild").await);
    let mut walk = Walk::begin(&database).await;
    for _ in 0..200 {
        let command = walk.any_command();
        walk.command(&command).await;
    }
    let over = Arc::new(AtomicBool::new(false));
    let rebuilding = {
        let (url, over) = (database.url.clone(), over.clone());
        async move {
            for _ in 0..3 {
                let end = rebuild(&url, |_| {}).await.expect("rebuilds");
                assert_eq!(end.done, end.of);
            }
            over.store(true, Ordering::Relaxed);
        }
    };
    let appending = async {
        let mut slowest = Duration::ZERO;
        let before = walk.fleet.ledger_position();
        while !over.load(Ordering::Relaxed) {
            let command = walk.any_command();
            let began = Instant::now();
            walk.command(&command).await;
            slowest = slowest.max(began.elapsed());
        }
        assert!(walk.fleet.ledger_position() > before, "there was load");
        slowest
    };
    let ((), slowest) = tokio::join!(rebuilding, appending);
    assert!(slowest < Duration::from_secs(2), "an append took {slowest:?}");
    assert_projections_are_the_log(&database).await;
}

#[tokio::test]
async fn changed_projections_are_rebuilt_before_they_are_served() {
    let database = Database::create("changed").await;
    let mut walk = Walk::begin(&database).await;
    for _ in 0..50 {
        let command = walk.any_command();
        walk.command(&command).await;
    }
    let owner = database.connect().await;
    // As if another version of the program had built them.
    owner.batch_execute("update projection_version set hash = 'another'; delete from projection.adapter_log").await.expect("the owner may");
    let refused = conncentric::log::check_schema(&walk.connection).await.expect_err("refused");
    assert!(refused.to_string().contains("conncentric migrate"), "{refused}");
    let migrated = migrate(&database.url).await.expect("migrates");
    assert!(migrated.rebuilt && migrated.applied.is_empty());
    conncentric::log::check_schema(&walk.connection).await.expect("serves");
    assert_projections_are_the_log(&database).await;
    assert!(!migrate(&database.url).await.expect("migrates").rebuilt, "once is enough");
}

/// Somebody who reads the old tables for a long time holds up the switch, not the appends.
#[tokio::test]
async fn a_long_reader_delays_the_switch_and_nothing_else() {
    let database = Database::create("reader").await;
    let mut walk = Walk::begin(&database).await;
    let command = walk.any_command();
    walk.command(&command).await;
    let mut reader = database.connect().await;
    let reading = reader.transaction().await.expect("begins");
    reading.batch_execute("select count(*) from projection.session").await.expect("reads");
    let released = AtomicBool::new(false);
    let rebuilding = async {
        rebuild(&database.url, |_| {}).await.expect("rebuilds");
        assert!(released.load(Ordering::Relaxed), "the switch waited for the reader");
    };
    let appending = async {
        for _ in 0..20 {
            let began = Instant::now();
            let command = walk.any_command();
            walk.command(&command).await;
            assert!(began.elapsed() < Duration::from_secs(2), "an append took {:?}", began.elapsed());
        }
        released.store(true, Ordering::Relaxed);
        reading.commit().await.expect("ends");
    };
    tokio::join!(rebuilding, appending);
    assert_projections_are_the_log(&database).await;
}
