//! `conncentric doctor`, on databases that are fit and on some that are not.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::postgres::{APPLICATION, Database, Guarded, connect};
use crate::support::process::command;
use crate::support::wait::{SOON, eventually, holds};

async fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output()).await.expect("not cancelled").expect("runs")
}

/// The findings, and the exit code.
async fn examine(database_url: &str) -> (Vec<Value>, Option<i32>) {
    let mut command = command();
    command.args(["doctor", "-o", "json"]).env("DATABASE_URL", database_url);
    let output = run(command).await;
    let said = String::from_utf8_lossy(&output.stdout);
    (serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")), output.status.code())
}

#[track_caller]
fn finding<'a>(findings: &'a [Value], check: &str) -> (&'a str, &'a str) {
    let found = findings.iter().find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check} in {findings:#?}"));
    (found["level"].as_str().expect("a level"), found["found"].as_str().expect("text"))
}

#[tokio::test]
async fn a_healthy_database_has_no_errors_and_what_it_can_lose_is_said() {
    let database = Database::create("healthy").await;
    conncentric::log::migrate(&database.url).await.expect("migrates");
    let (findings, code) = examine(&database.app_url).await;
    assert_eq!(code, Some(0), "{findings:#?}");
    for check in ["version", "role", "pooler", "primary", "schema", "privileges", "epoch", "notifications", "clock", "disk"] {
        assert_eq!(finding(&findings, check).0, "ok", "{findings:#?}");
    }
    assert_eq!(finding(&findings, "role").1, APPLICATION);
    assert_eq!(finding(&findings, "tls"), ("warning", "off"));
    assert_eq!(finding(&findings, "replication").0, "warning");
    let lost = findings.iter().any(|finding| finding["meaning"].as_str().is_some_and(|text| text.contains("since the last backup")));
    assert!(lost, "{findings:#?}");
    let (as_owner, _) = examine(&database.url).await;
    assert_eq!(finding(&as_owner, "role").0, "warning", "a superuser");
    assert_eq!(finding(&as_owner, "privileges").0, "warning");
}

#[tokio::test]
async fn a_database_that_is_not_fit_is_an_error_with_its_remedy() {
    let database = Database::create("unfit").await;
    let (findings, code) = examine(&database.url).await;
    assert_eq!(code, Some(1));
    let (level, found) = finding(&findings, "schema");
    assert!(level == "error" && found.contains("conncentric migrate"), "{found}");

    conncentric::log::migrate(&database.url).await.expect("migrates");
    let role = format!("stranger_to_{}", database.name);
    let owner = database.connect().await;
    owner.batch_execute(&format!("create role {role} login password 'stranger'")).await.expect("creates");
    let rest = database.url.rsplit_once('@').expect("a user").1;
    let (findings, code) = examine(&format!("postgres://{role}:stranger@{rest}")).await;
    assert_eq!(code, Some(1), "{findings:#?}");
    let (level, found) = finding(&findings, "schema");
    assert!(level == "error" && found.contains("conncentric_application"), "{found}");
    owner.batch_execute(&format!("drop role {role}")).await.expect("drops");

    let (findings, code) = examine("postgres://x@127.0.0.1:1/y").await;
    assert_eq!((code, finding(&findings, "connection").0), (Some(1), "error"));
}

/// A standby beside its primary, gone with the primary's folder.
async fn standby_of(primary: &Guarded) -> u16 {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let place = primary.cluster.home().join("standby");
    let lent = |program: &str| {
        let mut command = Command::new(primary.cluster.binaries().program(program));
        command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::piped());
        primary.cluster.lend_user(&mut command);
        command
    };
    let mut copy = lent("pg_basebackup");
    copy.args(["-R", "-X", "stream", "-c", "fast", "-d", &primary.cluster.url("postgres")]).arg("-D").arg(&place);
    let mut start = lent("pg_ctl");
    start.args(["start", "-w", "-D"]).arg(&place).args(["-l"]).arg(place.join("server.log"));
    start.args(["-o", &format!("-c port={port} -c unix_socket_directories=''")]);
    // It would keep the pipe open that we read to its end.
    start.stderr(Stdio::null());
    for command in [copy, start] {
        let output = run(command).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    port
}

#[tokio::test]
async fn a_standby_is_told_and_of_several_hosts_the_primary_is_taken() {
    let primary = Guarded::start().await;
    let database = Database::create_in(&primary, "replicated").await;
    conncentric::log::migrate(&database.url).await.expect("migrates");
    let port = standby_of(&primary).await;
    let at_standby = database.app_url.replace(&format!(":{}/", primary.cluster.port()), &format!(":{port}/"));

    eventually(SOON, async || {
        let (findings, code) = examine(&at_standby).await;
        holds(code == Some(0) && finding(&findings, "primary") == ("warning", "a standby"), format!("{findings:#?}"))
    })
    .await;
    let (findings, _) = examine(&database.url).await;
    let (level, found) = finding(&findings, "replication");
    assert!(level == "warning" && found.contains("streaming async"), "{found}");
    connect(&database.url).await.batch_execute("alter system set synchronous_standby_names = '*'").await.expect("the owner may");
    connect(&database.url).await.batch_execute("select pg_reload_conf()").await.expect("reloads");
    eventually(SOON, async || {
        let (findings, _) = examine(&database.url).await;
        holds(finding(&findings, "replication").0 == "ok", format!("{findings:#?}"))
    })
    .await;

    // The first host is a standby, or dead: appends and queries go to the primary all the same.
    let (credentials, rest) = database.app_url.split_once('@').expect("a user");
    let (host, name) = rest.split_once('/').expect("a database");
    for first in [format!("127.0.0.1:{port}"), "127.0.0.1:1".to_owned()] {
        let (findings, code) = examine(&format!("{credentials}@{first},{host}/{name}")).await;
        assert_eq!(code, Some(0), "{findings:#?}");
        assert_eq!(finding(&findings, "primary").0, "ok", "{first}");
        let url = format!("{credentials}@{first},{host}/{name}");
        let appending = conncentric::log::Connection::open(&url, conncentric::log::Purpose::Append).await;
        assert!(appending.is_ok(), "{first}: {appending:?}");
    }
    let nobody = format!("{credentials}@127.0.0.1:{port},127.0.0.1:1/{name}");
    let error = conncentric::log::Connection::open(&nobody, conncentric::log::Purpose::Append).await.expect_err("no primary there");
    let error = error.to_string();
    assert!(error.contains("a standby or read-only") && error.contains("refused"), "{error}");

    // Before the standby stops: the commit of the drop waits for it.
    drop(database);
    let place = primary.cluster.home().join("standby");
    let mut stop = Command::new(primary.cluster.binaries().program("pg_ctl"));
    stop.args(["stop", "-w", "-m", "immediate", "-D"]).arg(place).current_dir("/").stdout(Stdio::null());
    primary.cluster.lend_user(&mut stop);
    run(stop).await;
    primary.end();
}
