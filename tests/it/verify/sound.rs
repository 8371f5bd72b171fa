//! Logs that nobody touched.

use conncentric::audit::verify::{Difference, Outcome, Step, StepName};
use conncentric::log::migrate;

use super::{SMALL, a_history, found, verified};
use crate::support::big_log::REALISTIC;
use crate::support::postgres::Database;
use crate::support::process::command;

#[tokio::test]
async fn the_log_of_a_big_fleet_passes() {
    let database = a_history("big", REALISTIC, 4000).await;
    let report = verified(&database.url).await;
    assert_eq!(found(&report), Vec::<&Difference>::new());
    let names: Vec<StepName> = report.steps.iter().map(|step| step.step).collect();
    assert_eq!(names, [StepName::Log, StepName::Fold, StepName::Ownership, StepName::Blobs, StepName::Rebuild, StepName::Rows]);
    // No artifact is in it.
    let something = |step: &Step| step.checked > 0 || step.step == StepName::Blobs;
    assert!(report.steps.iter().all(|step| something(step) && step.outcome == Outcome::Sound), "{report:?}");
}

#[tokio::test]
async fn an_empty_log_passes() {
    let database = Database::create("empty").await;
    migrate(&database.url).await.expect("migrates");
    assert_eq!(found(&verified(&database.url).await), Vec::<&Difference>::new());
}

#[tokio::test]
async fn nothing_is_left_behind_and_two_may_verify_at_a_time() {
    let database = a_history("twice", SMALL, 500).await;
    let reports = tokio::join!(verified(&database.url), verified(&database.url));
    assert_eq!((found(&reports.0), found(&reports.1)), (vec![], vec![]));
    let owner = database.connect().await;
    let left = owner.query("select from pg_namespace where nspname like 'verify%'", &[]).await.expect("reads");
    assert!(left.is_empty());
}

/// The command: its exit code, its JSON, its table, and who may run it.
#[tokio::test]
async fn the_command_says_what_was_checked_and_what_differs() {
    let database = a_history("command", SMALL, 500).await;
    let run = |url: &str, arguments: &[&str]| {
        let output = command().arg("verify").args(arguments).env("DATABASE_URL", url).output().expect("runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, table, complaint) = run(&database.url, &[]);
    assert_eq!((code, complaint.as_str()), (Some(0), ""), "{table}");
    assert!(table.contains("row by row") && table.matches(" ok").count() == 6, "{table}");

    let (code, json, _) = run(&database.app_url, &["-o", "json", "--no-rebuild"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((code, &json["steps"][4]["outcome"]), (Some(0), &"skipped".into()), "{json}");
    assert_eq!((&json["steps"][0]["step"], &json["steps"][0]["outcome"]), (&"log".into(), &"sound".into()));

    let (code, _, complaint) = run(&database.app_url, &[]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("--no-rebuild"), "{complaint}");

    let owner = database.connect().await;
    owner
        .batch_execute("set session_replication_role = replica; update event set actor = 'nobody' where position = 7")
        .await
        .expect("done");
    let (code, table, complaint) = run(&database.url, &[]);
    assert_eq!(code, Some(1));
    assert!(complaint.starts_with("error: position 7: its hash does not fit"), "{complaint}");
    assert!(table.contains("DIFFERS: position 7"), "{table}");
}
