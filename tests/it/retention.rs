//! Old pulses go by partition, each time recorded, and nobody has to wait for it.

use std::time::{Duration, Instant};

use conncentric::domain::command::{Command, DropPulses};
use conncentric::domain::decide::decide;
use conncentric::domain::name::RegistrationId;
use conncentric::log::{Batch, Condition, Connection, Dropped, PendingEvent, Purpose, drop_pulses, find_old_pulses};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::postgres::Database;
use crate::support::process::Process;
use crate::support::wait::{SOON, eventually, holds};
use crate::support::walk::Walk;

/// A log whose first partition has been left: pulses lie in it and after it.
async fn two_partitions(name: &str) -> (Database, Walk, Client) {
    let database = Database::create(name).await;
    let mut walk = Walk::begin(&database).await;
    for _ in 0..30 {
        let command = walk.any_command();
        walk.command(&command).await;
    }
    let owner = database.connect().await;
    // As if the rest of the partition had been written: only the head can tell, and only by hand.
    owner.batch_execute("update event_head set position = (1 << 20) - 1").await.expect("the owner may");
    for _ in 0..10 {
        let command = walk.any_command();
        walk.command(&command).await;
        walk.append(vec![], vec![(RegistrationId(1), 1)]).await.expect("appends");
    }
    (database, walk, owner)
}

async fn pulses(owner: &Client, partition: i64) -> (Option<i64>, Option<i64>, i64) {
    let select = "select min(position), max(position), count(*) from event where pulse and position >> 20 = $1";
    let row = owner.query_one(select, &[&partition]).await.expect("counts");
    (row.get(0), row.get(1), row.get(2))
}

async fn exists(owner: &Client, partition: &str) -> bool {
    owner.query_one("select to_regclass($1) is not null", &[&partition]).await.expect("looks").get(0)
}

fn recording(walk: &Walk, old: DropPulses) -> (Batch, Condition) {
    let decision = decide(&walk.fleet, &Command::DropPulses(old), walk).expect("decides");
    let pending = |proposal| PendingEvent { id: Uuid::now_v7(), proposal, actor: "test".into(), request_id: None };
    let batch = Batch { events: decision.events.into_iter().map(pending).collect(), pulse: None };
    let condition = Condition { epoch: walk.fleet.epoch(), ledger_position: walk.fleet.ledger_position(), position: None };
    (batch, condition)
}

#[tokio::test]
async fn orchestrators_drop_old_pulses_once_and_record_it() {
    let (database, walk, owner) = two_partitions("retention").await;
    drop(walk);
    let (first, last, count) = pulses(&owner, 0).await;
    let kept = pulses(&owner, 1).await;
    assert!(count > 0 && kept.2 > 0);
    let folder = tempfile::tempdir().expect("a folder");
    let start = |name: &str| {
        let arguments = [
            "orchestrator",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            &database.app_url,
            "--migrations",
            "none",
            "--pulse-retention",
            "10ms",
        ];
        Process::start(name, folder.path(), &arguments)
    };
    let mut both = [start("first"), start("second")];
    for process in &mut both {
        process.line_with("following the log").await;
    }
    let recorded = eventually(SOON, async || {
        let rows = owner.query("select data, actor, stream from event where type = 'PulsesDropped'", &[]).await.expect("reads");
        rows.into_iter().next().ok_or("nothing was dropped")
    })
    .await;
    assert_eq!(recorded.get::<_, serde_json::Value>(0), json!({"first": first, "last": last, "count": count, "partition": 0}));
    assert!(recorded.get::<_, String>(1).starts_with("orchestrator:") && recorded.get::<_, String>(2) == "fleet");
    assert!(!exists(&owner, "event_pulse_0").await, "in the same transaction");

    // The pulses of the partition that the log is in stay, however old. Who reads finds what is left, and the log goes on.
    assert_eq!(pulses(&owner, 1).await, kept);
    owner.query("select * from heartbeat", &[]).await.expect("the view copes");
    let mut walk = Walk::begin(&database).await;
    for _ in 0..5 {
        let command = walk.any_command();
        walk.command(&command).await;
    }
    let again: i64 = owner.query_one("select count(*) from event where type = 'PulsesDropped'", &[]).await.expect("counts").get(0);
    assert_eq!(again, 1, "once");
    for process in &mut both {
        assert!(process.is_running());
    }
}

#[tokio::test]
async fn pulses_that_are_young_or_where_the_log_is_stay() {
    let (database, walk, owner) = two_partitions("young").await;
    let mut connection = Connection::open(&database.app_url, Purpose::Retain).await.expect("connects");
    assert_eq!(find_old_pulses(&connection, Duration::from_hours(1)).await.expect("looks"), None);
    let old = find_old_pulses(&connection, Duration::ZERO).await.expect("looks").expect("a partition behind the current one");
    assert_eq!(old.partition, 0);

    // The database refuses what is not recorded as it is, and what may still be written to; nothing of the append stays.
    let before: i64 = owner.query_one("select position from event_head", &[]).await.expect("reads").get(0);
    let (_, last, count) = pulses(&owner, 1).await;
    let current = DropPulses { partition: 1, first: 1 << 20, last: last.expect("pulses"), count: u64::try_from(count).expect("positive") };
    for (wrong, partition) in
        [(DropPulses { first: 1, ..old }, 0), (DropPulses { partition: 7, ..old }, 0), (current, 1), (old, 1), (old, 9)]
    {
        let (batch, condition) = recording(&walk, wrong);
        let refused = drop_pulses(&mut connection, partition, &batch, &condition).await.expect_err("refused").to_string();
        assert!(["stay", "there is no partition"].iter().any(|words| refused.contains(words)), "{wrong:?}: {refused}");
    }
    connection.client.batch_execute("select drop_pulses(0)").await.expect_err("without a record");
    assert_eq!(owner.query_one("select position from event_head", &[]).await.expect("reads").get::<_, i64>(0), before);
    assert!(exists(&owner, "event_pulse_0").await && exists(&owner, "event_pulse_1").await);
}

/// A drop needs the table for itself for a moment. While somebody reads for long it gives up at once, so that nobody waits.
#[tokio::test]
async fn a_long_reader_keeps_the_pulses_and_holds_nobody_up() {
    let (database, mut walk, owner) = two_partitions("reader").await;
    let mut reader = database.connect().await;
    let reading = reader.transaction().await.expect("begins");
    reading.query("select count(*) from event", &[]).await.expect("reads");

    let mut connection = Connection::open(&database.app_url, Purpose::Retain).await.expect("connects");
    let old = find_old_pulses(&connection, Duration::ZERO).await.expect("looks").expect("old pulses");
    let (batch, condition) = recording(&walk, old);
    let began = Instant::now();
    let (dropped, appended) = tokio::join!(drop_pulses(&mut connection, 0, &batch, &condition), async {
        walk.append(vec![], vec![(RegistrationId(1), 1)]).await.map(|_| began.elapsed())
    });
    assert_eq!(dropped.expect("no error"), Dropped::Busy);
    assert!(appended.expect("appends") < Duration::from_secs(2));
    let recorded: i64 = owner.query_one("select count(*) from event where type = 'PulsesDropped'", &[]).await.expect("counts").get(0);
    assert_eq!(recorded, 0, "both or neither");

    reading.commit().await.expect("ends");
    assert_eq!(drop_pulses(&mut connection, 0, &batch, &condition).await.expect("no error"), Dropped::Done);
    // Decided on a view that is past: nothing happens.
    assert_eq!(drop_pulses(&mut connection, 0, &batch, &condition).await.expect("no error"), Dropped::Raced);
    eventually(SOON, async || holds(!exists(&owner, "event_pulse_0").await, "it is still there")).await;
}
