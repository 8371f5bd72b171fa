//! `verify` against real logs: sound ones pass, and whatever somebody does to one as superuser is found.

mod copies;
mod sound;
mod tampering;
mod unknown;

use std::sync::Arc;

use conncentric::audit::verify::{Difference, Meter, Report, verify_database};
use conncentric::log::migrate;

use crate::support::big_log::{self, Size};
use crate::support::postgres::Database;

/// 40 sessions on four pods.
const SMALL: Size = Size { single: 20, balanced: 2, pods: 4 };

async fn a_history(name: &str, size: Size, events: u64) -> Database {
    let database = Database::create(name).await;
    migrate(&database.url).await.expect("migrates");
    let owner = database.connect().await;
    let written = big_log::write(&owner, size, events).await.expect("written");
    assert!(written.events >= events && written.pulses > 0, "{written:?}");
    big_log::project(&owner).await.expect("projected");
    database
}

async fn verified(url: &str) -> Report {
    verify_database(url, true, &Arc::new(Meter::default())).await.expect("the database answers")
}

fn found(report: &Report) -> Vec<&Difference> {
    report.differences().collect()
}
