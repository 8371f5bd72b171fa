//! Two versions side by side: an orchestrator finds that a newer program has migrated the database while it ran.

use conncentric::log::migrate;
use serde_json::json;

use crate::support::api::{Api, orchestrator};
use crate::support::process::command;
use crate::support::wait::{SOON, eventually, holds};

/// What the next version might bring: something more in a table, and projections of another text.
async fn expand(api: &Api) -> i32 {
    let owner = api.database.connect().await;
    let newest: i32 = owner.query_one("select max(version) from refinery_schema_history", &[]).await.expect("reads").get(0);
    let next = newest + 1;
    let migration = format!(
        "alter table event_head add column of_the_next_version integer;
         update projection_version set hash = 'of the next version';
         insert into refinery_schema_history (version, name, applied_on, checksum)
         select {next}, 'next', applied_on, checksum from refinery_schema_history where version = {newest}"
    );
    owner.batch_execute(&migration).await.expect("the next version migrates");
    newest
}

/// Ends every connection, as a failover or a restart of the server would.
async fn disconnect_all(api: &Api) {
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    api.database.connect().await.execute(kill, &[]).await.expect("ends them");
}

async fn conncentric(api: &Api, line: &str) -> (Option<i32>, String) {
    let mut command = command();
    command.args(line.split_whitespace()).env("DATABASE_URL", &api.database.url).current_dir(api.folder.path());
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("not cancelled");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn an_older_orchestrator_goes_on_where_the_newer_schema_says_that_it_may() {
    let mut api = Api::start("newer_suits", 1).await;
    let mut running = api.processes.remove(0);
    let mut pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let newest = expand(&api).await;
    let compatible = format!("insert into schema_compatibility values ({}, {newest})", newest + 1);
    api.database.connect().await.batch_execute(&compatible).await.expect("the next version says so");

    disconnect_all(&api).await;
    running.line_with("lost the log").await;
    api.ready(0).await;
    api.declare("another", json!({})).await;
    assert_eq!(pod.heartbeat(&[]).await.expect(200).json()["missed"].as_array().map(Vec::len), Some(2));

    // One of the old version that starts now, and would migrate if there were anything to do.
    let mut boot = command();
    boot.args(["orchestrator", "--listen", "127.0.0.1:0", "--migrations", "boot", "--name", "boot", "--database-url", &api.database.url]);
    let mut boot = crate::support::process::Process::spawn("boot", api.folder.path(), boot);
    boot.line_with("following the log").await;
    let hash = "select hash from projection_version";
    let hash: String = api.database.connect().await.query_one(hash, &[]).await.expect("reads").get(0);
    assert_eq!(hash, "of the next version", "the projections are not the older program's to build");

    // Whatever needs projections of its own text is for the newer program.
    for line in ["rebuild", "verify"] {
        let (code, said) = conncentric(&api, line).await;
        assert!(code == Some(1) && said.contains("run a newer conncentric"), "{line}: {said}");
    }
}

#[tokio::test]
async fn an_older_orchestrator_stops_where_the_newer_schema_does_not_say_that_it_may_go_on() {
    let api = Api::start("newer_unsuited", 1).await;
    let newest = expand(&api).await;
    // It suits programs that know itself, which is what every version may say of itself.
    let own = format!("insert into schema_compatibility values ({next}, {next})", next = newest + 1);
    api.database.connect().await.batch_execute(&own).await.expect("the next version says so");
    disconnect_all(&api).await;
    eventually(SOON, async || {
        let answer = api.get("/readyz").nobody().send().await;
        holds(answer.status == 503 && answer.text.contains("run a newer conncentric"), format!("{}: {}", answer.status, answer.text))
    })
    .await;
    let refused = migrate(&api.database.url).await.expect_err("it is not ours").to_string();
    assert!(refused.contains(&format!("schema version {}", newest + 1)), "{refused}");
    let mut late = orchestrator("late", &api.folder, &api.database.app_url);
    late.line_with("run a newer conncentric").await;
}
