//! Databases that cannot serve: whoever starts something on one learns why and what to do, in one line, with exit code 1.

use std::process::{Command, Output, Stdio};

use conncentric::log::{Connection, LogError, Purpose};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::api::{first_token, http_client};
use crate::support::postgres::Database;
use crate::support::process::{Process, command};
use crate::support::wait::{SOON, eventually, holds};

/// Runs a command to its end.
async fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output()).await.expect("not cancelled");
    ended.expect("runs")
}

/// What a command says that must fail: its first line on standard error that is not the log.
async fn failure(arguments: &[&str], database_url: &str) -> String {
    let mut command = command();
    command.args(arguments).env("DATABASE_URL", database_url);
    let output = run(command).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(!said.contains("panicked"), "{said}");
    let reason = said.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("no reason: {said}"));
    reason.to_owned()
}

const ORCHESTRATOR: &[&str] = &["orchestrator", "--listen", "127.0.0.1:0", "--migrations", "boot"];
const TOKEN: &[&str] = &["token", "create", "--role", "admin", "--name", "x"];

/// Everything that goes to the database by itself says the same.
async fn everything_fails_with(database_url: &str, words: &[&str]) {
    for arguments in [&["migrate"], ORCHESTRATOR, TOKEN] {
        let reason = failure(arguments, database_url).await;
        for word in words {
            assert!(reason.contains(word), "{arguments:?} says nothing of \"{word}\": {reason}");
        }
    }
}

#[tokio::test]
async fn a_database_that_is_missing_or_out_of_reach_is_told_apart() {
    let database = Database::create("unreachable").await;
    let (server, name) = database.url.rsplit_once('/').expect("a URL");
    everything_fails_with(&format!("{server}/no_such_{name}"), &["does not exist", "createdb", "--database-url"]).await;

    let (user, host) = database.url.split_once('@').expect("a user");
    let (user, _) = user.rsplit_once(':').expect("a password");
    everything_fails_with(&format!("{user}:wrong@{host}"), &["password", "--database-url"]).await;

    // A port that nobody listens on, because it was just given back.
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    everything_fails_with(&format!("postgres://x@{free}/y"), &["cannot be reached", "refused"]).await;
    everything_fails_with("postgres://x@no-such-host.invalid/y", &["cannot be reached"]).await;

    // Something that accepts and says nothing, as a broken proxy does.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let silent = silent.local_addr().map(|address| (silent, address)).expect("an address");
    everything_fails_with(&format!("postgres://x@{}/y", silent.1), &["does not answer"]).await;
}

#[tokio::test]
async fn a_url_that_makes_no_sense_is_refused() {
    for url in ["", "localhost", "http://localhost/x", "postgres://", "postgres://u@h:port/x", "postgres://u@h/x?sslmode=sometimes"] {
        let reason = failure(&["migrate", "--database-url", url], "postgres://x@127.0.0.1:1/y").await;
        assert!(reason.contains("--database-url"), "{url}: {reason}");
    }
}

#[tokio::test]
async fn secrets_in_urls_are_not_repeated() {
    let database = Database::create("secret-urls").await;
    let secret = "hunter2hunter2";
    let (user, host) = database.url.split_once('@').expect("a user");
    let (user, _) = user.rsplit_once(':').expect("a password");
    for url in
        [format!("{user}:{secret}@{host}"), format!("postgres://u:{secret}@h:port/x"), format!("postgres://u:{secret}@127.0.0.1:1/x")]
    {
        for arguments in [&["migrate"], ORCHESTRATOR] {
            let mut command = command();
            command.args(arguments).env("DATABASE_URL", &url).env("RUST_LOG", "debug");
            let output = run(command).await;
            let said = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&said).contains(secret), "{url}: {}", String::from_utf8_lossy(&said));
        }
    }
}

#[tokio::test]
async fn a_read_only_database_is_refused() {
    let database = Database::create("read-only").await;
    let owner = database.connect().await;
    let read_only = |on| format!("alter database {} set default_transaction_read_only = {on}", database.name);
    owner.batch_execute(&read_only("on")).await.expect("the owner may");
    everything_fails_with(&database.url, &["read-only", "primary"]).await;

    // Migrated before it became read-only, as a standby is.
    owner.batch_execute(&read_only("off")).await.expect("the owner may");
    conncentric::log::migrate(&database.url).await.expect("migrates");
    owner.batch_execute(&read_only("on")).await.expect("the owner may");
    everything_fails_with(&database.url, &["read-only", "primary"]).await;
}

#[tokio::test]
async fn a_schema_of_a_newer_program_is_left_alone() {
    let database = Database::create("newer").await;
    conncentric::log::migrate(&database.url).await.expect("migrates");
    let owner = database.connect().await;
    let newer =
        "insert into refinery_schema_history (version, name, applied_on, checksum) values (999, 'later', '2030-01-01T00:00:00Z', '1')";
    owner.batch_execute(newer).await.expect("the owner may");
    everything_fails_with(&database.url, &["999", "run a newer conncentric"]).await;
    let events: i64 = owner.query_one("select count(*) from event", &[]).await.expect("reads").get(0);
    assert_eq!(events, 0);
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_told_apart() {
    let database = Database::create("not-migrated").await;
    let reason = failure(TOKEN, &database.url).await;
    assert!(reason.contains("conncentric migrate"), "{reason}");
    // The application's role may not migrate, and is told who may.
    let reason = failure(ORCHESTRATOR, &database.app_url).await;
    assert!(reason.contains("permission denied") && reason.contains("owner"), "{reason}");

    let folder = tempfile::tempdir().expect("a folder");
    let (mut process, url) = start_unmigrated(&folder, &database.app_url).await;
    let http = http_client();
    let readiness = async || {
        let answer = http.get(format!("{url}/readyz")).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    // It waits for whoever migrates, and says so wherever one looks.
    let said = eventually(SOON, async || {
        let (status, text) = readiness().await;
        if status == 503 && text.contains("conncentric migrate") { Ok(text) } else { Err(format!("{status}: {text}")) }
    })
    .await;
    assert!(said.contains("schema version 0"), "{said}");
    process.line_with("run `conncentric migrate`").await;
    let health = http.get(format!("{url}/healthz")).send().await.expect("an answer");
    assert_eq!(health.status().as_u16(), 200, "a restart would not mend it");
    let asked = http.get(format!("{url}/v1/adapters")).bearer_auth("cct_0123456789abcdef_x").send().await.expect("an answer");
    assert_eq!(asked.status().as_u16(), 503, "who is asking cannot be known yet");

    conncentric::log::migrate(&database.url).await.expect("migrates");
    eventually(SOON, async || {
        let (status, text) = readiness().await;
        holds(status == 200, text)
    })
    .await;
    let token = first_token(&database).await;
    let asked = http.get(format!("{url}/v1/adapters")).bearer_auth(&token).send().await.expect("an answer");
    assert_eq!(asked.status().as_u16(), 200);
}

async fn start_unmigrated(folder: &TempDir, database_url: &str) -> (Process, String) {
    let mut process = crate::support::api::orchestrator("waits", folder, database_url);
    let url = format!("http://{}", process.listening().await);
    (process, url)
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let database = Database::create("taken").await;
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for flag in ["--listen", "--management-listen"] {
        let free = if flag == "--listen" { "--name" } else { "--listen=127.0.0.1:0" };
        let mut arguments = vec!["orchestrator", flag, &address, free];
        if free == "--name" {
            arguments.push("x");
        }
        let reason = failure(&arguments, &database.url).await;
        assert!(reason.contains(&address), "{reason}");
    }
}

/// Six at once on an empty database: one works, the others find it done, and all of them serve.
#[tokio::test]
async fn many_orchestrators_may_migrate_at_once() {
    let database = Database::create("six").await;
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<String> = (0..6).map(|i| format!("boot-{i}")).collect();
    let start = |name: &String| {
        Process::start(name, folder.path(), &["orchestrator", "--listen", "127.0.0.1:0", "--name", name, "--database-url", &database.url])
    };
    let mut processes: Vec<Process> = names.iter().map(start).collect();
    let http = http_client();
    for process in &mut processes {
        let url = format!("http://{}/readyz", process.listening().await);
        eventually(SOON, async || {
            let answer = http.get(&url).send().await.map_err(|error| error.to_string())?;
            holds(answer.status().as_u16() == 200, answer.status())
        })
        .await;
    }
    let applied = "select count(*), count(distinct version) from refinery_schema_history";
    let row = database.connect().await.query_one(applied, &[]).await.expect("reads");
    assert_eq!(row.get::<_, i64>(0), row.get::<_, i64>(1));
}

/// A pooler in transaction mode runs each statement on whichever connection of the server is free, where it was not prepared.
#[tokio::test]
async fn a_pooler_in_between_is_named() {
    let database = Database::create("pooled").await;
    let connection = Connection::open(&database.url, Purpose::Read).await.expect("connects");
    let statement = connection.statement("select 1").await.expect("prepares");
    connection.client.batch_execute("deallocate all").await.expect("as another connection would be");
    let error = connection.client.query(&statement, &[]).await.expect_err("it is prepared no more");
    let reason = LogError::from(error).to_string();
    assert!(reason.contains("a pooler in transaction mode") && reason.contains("connect directly"), "{reason}");
}
