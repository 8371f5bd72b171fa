//! `verify` against real logs: sound ones pass, and whatever somebody does to one as superuser is found.

use std::sync::Arc;

use conncentric::audit::verify::{Difference, Meter, Report, StepName, verify_database};
use conncentric::log::migrate;

use crate::support::big_log;
use crate::support::postgres::Database;

async fn a_history(name: &str, events: u64) -> Database {
    let database = Database::create(name).await;
    migrate(&database.url).await.expect("migrates");
    let owner = database.connect().await;
    let written = big_log::write(&owner, events).await.expect("written");
    assert!(written.events >= events && written.pulses > 0, "{written:?}");
    big_log::project(&owner).await.expect("projected");
    database
}

async fn verified(database: &Database) -> Report {
    verify_database(&database.url, true, &Arc::new(Meter::default())).await.expect("the database answers")
}

fn found(report: &Report) -> Vec<&Difference> {
    report.differences().collect()
}

#[tokio::test]
async fn an_untouched_log_passes() {
    let database = a_history("sound", 4000).await;
    let report = verified(&database).await;
    assert_eq!(found(&report), Vec::<&Difference>::new());
    let names: Vec<StepName> = report.steps.iter().map(|step| step.step).collect();
    assert_eq!(names, [StepName::Log, StepName::Fold, StepName::Ownership, StepName::Rebuild, StepName::Rows]);
    assert!(report.steps.iter().all(|step| step.checked > 0), "{report:?}");
}
