//! The log of a real failover, and copies of it made by PostgreSQL's own programs.

use std::process::Command;
use std::time::Duration;

use conncentric::audit::verify::Difference;
use conncentric::dev::postgres::Binaries;

use super::{found, verified};
use crate::support::postgres::Database;
use crate::support::system::System;

#[tokio::test]
async fn a_failover_verifies_while_the_system_runs_and_after_dump_and_restore() {
    let ttl = Duration::from_secs(2);
    let mut system = System::start("verify_failover", 2, 3).await;
    system.declare(&system.many_to_venue(4, ttl)).await;
    system.pod("pod-1").kill().await;
    system.until_off(Duration::from_secs(30), "pod-1").await;

    let live = verified(&system.database.url).await;
    assert_eq!(found(&live), Vec::<&Difference>::new());
    assert!(live.position > live.ledger_position || live.steps[0].checked > 20, "there are pulses too: {live:?}");

    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("dump").display().to_string();
    run("pg_dump", &["--format=custom", "--no-owner", "--file", &dump, "--dbname", &system.database.url]);
    let restored = Database::create("restored").await;
    run("pg_restore", &["--no-owner", "--exit-on-error", "--dbname", &restored.url, &dump]);
    let copy = verified(&restored.url).await;
    assert_eq!(found(&copy), Vec::<&Difference>::new());
    assert!(copy.ledger_position >= live.ledger_position);
}

fn run(program: &str, arguments: &[&str]) {
    let binaries = Binaries::find().expect("PostgreSQL is here");
    // The servers' programs may be links into a folder that holds the clients' too.
    let server = binaries.program("postgres").canonicalize().expect("exists");
    let output = Command::new(server.with_file_name(program)).args(arguments).output().expect("runs");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}
