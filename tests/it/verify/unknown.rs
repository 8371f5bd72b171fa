//! Logs of newer programs: never skipped, and the reason names what is needed.

use conncentric::audit::chain;
use conncentric::audit::row::LedgerRow;
use conncentric::audit::verify::Check;
use conncentric::domain::token::Epoch;

use super::{SMALL, a_history, found, verified};

/// An event as a newer program would write it, hash and all.
async fn appended(kind: &str, schema_version: i16) -> String {
    let database = a_history("unknown", SMALL, 300).await;
    let owner = database.connect().await;
    let head = owner.query_one("select ledger_position, hash, recorded_at, position from event_head", &[]).await.expect("reads");
    let position = head.get::<_, i64>(3) + 1;
    let mut row = LedgerRow {
        position,
        epoch: Epoch(1),
        id: uuid::Uuid::now_v7(),
        kind: kind.into(),
        schema_version,
        stream: "fleet".into(),
        recorded_at: head.get(2),
        actor: "the future".into(),
        request_id: None,
        cause: None,
        data: "{}".into(),
        hash: vec![],
    };
    row.hash = chain::link(&head.get::<_, Vec<u8>>(1), &row).expect("JSON");
    let insert = "insert into event (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, data, hash)
                  values ($1, false, 1, $2, $3, $4, 'fleet', $5, 'the future', '{}', $6)";
    owner.execute(insert, &[&position, &row.id, &row.kind, &schema_version, &row.recorded_at, &row.hash]).await.expect("inserted");
    let advance = "update event_head set position = $1, ledger_position = $1, hash = $2";
    owner.execute(advance, &[&position, &row.hash]).await.expect("advanced");
    let report = verified(&database.url).await;
    let differences = found(&report);
    assert_eq!((differences[0].check, differences[0].position), (Check::Unreadable, Some(position)), "{differences:?}");
    differences[0].to_string()
}

#[tokio::test]
async fn an_unknown_type_asks_for_the_version_that_knows_it() {
    let problem = appended("SessionTeleported", 1).await;
    assert!(problem.contains("unknown event type SessionTeleported") && problem.contains("newer version of conncentric"), "{problem}");
}

#[tokio::test]
async fn a_newer_schema_version_says_up_to_which_this_program_knows() {
    let problem = appended("PodLost", 9).await;
    assert!(problem.contains("schema version 9") && problem.contains("up to 1"), "{problem}");
}
