//! References to secrets: resolved by the pod when it starts a session, and to be found nowhere else.

use std::time::Duration;

use conncentric::domain::status::OperationalStatus;
use conncentric::wire::adapter::{AdapterDocument, PutAnswer};
use reqwest::Method;
use serde_json::json;

use crate::support::system::{System, document};
use crate::support::wait::{SOON, eventually, holds};

const SECRET: &str = "correct-horse-battery-staple";

/// Writes what it was given to a file; then says the secret wherever a program can, and fails.
const LEAKY: &str = r#"
cp "$CONNCENTRIC_SETTINGS" "$OUT.settings"
printf %s "$SECRET" > "$OUT"
echo '{"log":{"level":"info","category":"system","message":"my secret is '"$SECRET"'"}}'
echo "$SECRET"
echo "cannot log in with $SECRET" >&2
exit 3
"#;

fn leaky(system: &System, secret: &str) -> AdapterDocument {
    let out = system.folder().join("out").display().to_string();
    let settings = json!({ "command": ["/bin/sh", "-c", LEAKY], "env": { "OUT": out, "SECRET": secret, "LITERAL": "$${env:HOME}" } });
    document("leaky", "exec", Duration::from_secs(30), &settings)
}

#[tokio::test]
async fn a_secret_reaches_the_program_and_nobody_else() {
    let mut system = System::start("secrets", 2, 1).await;
    let file = system.folder().join("secret");
    let reference = format!("${{file:{}}}", file.display());
    let adapter = leaky(&system, &reference);
    let _: PutAnswer = system.call(Method::PUT, "/v1/adapters/leaky", Some(&adapter)).await.expect("declared");

    // There is no such file yet. The session says so, and tries again.
    let reason = until_error(&system, &reference).await;
    assert!(reason.contains("settings.env.SECRET") && reason.contains("cannot read it"), "{reason}");

    std::fs::write(&file, format!("{SECRET}\n")).expect("written");
    let out = system.folder().join("out");
    eventually(SOON, async || holds(std::fs::read_to_string(&out).is_ok_and(|text| text == SECRET), "the program has no secret")).await;
    let reason = until_error(&system, "exit code 3").await;
    assert_eq!(reason, format!("the program ended with exit code 3: cannot log in with {reference}"));
    let given = std::fs::read_to_string(system.folder().join("out.settings")).expect("the settings that the program was given");
    assert!(given.contains(SECRET) && given.contains("\"${env:HOME}\""), "{given}");

    // The entry with the secret in it is in the log, and the secret is not.
    eventually(SOON, async || {
        let (status, said) = system.cli(&["get", "log", "leaky"]).await;
        holds(status.success() && said.contains("my secret is ${file:"), said)
    })
    .await;
    assert_eq!(tables_with(&system, "my secret is ${file:").await, ["event_ledger", "projection.adapter_log"].map(str::to_owned));
    assert_eq!(tables_with(&system, SECRET).await, [""; 0]);
    for path in ["/v1/adapters", "/v1/sessions", "/v1/events?limit=1000", "/v1/adapters/leaky/log", "/v1/adapters/leaky/revisions"] {
        let answer: serde_json::Value = system.call(Method::GET, path, None::<&()>).await.expect("answers");
        assert!(!answer.to_string().contains(SECRET), "{path}: {answer}");
    }
    let log = system.pod("pod-1").log();
    assert!(!log.contains(SECRET), "the pod's log has it: {log}");
}

/// The reason for which the session is in `ERROR`, once it contains this.
async fn until_error(system: &System, part: &str) -> String {
    eventually(SOON, async || {
        let session = system.sessions().await.map_err(|error| error.to_string())?.pop().ok_or_else(|| "there is no session".to_owned())?;
        let reason = session.reason.clone().unwrap_or_default();
        holds(session.status == OperationalStatus::Error && reason.contains(part), format!("{session:?}"))?;
        Ok::<_, String>(reason)
    })
    .await
}

/// The tables in whose rows a text is to be found.
async fn tables_with(system: &System, text: &str) -> Vec<String> {
    let database = system.database.connect().await;
    let tables = "select format('%I.%I', schemaname, tablename), schemaname = 'public', tablename::text from pg_tables
                  where schemaname in ('public', 'projection') order by 1";
    let mut found = Vec::new();
    for row in database.query(tables, &[]).await.expect("lists") {
        let (table, is_public, name): (String, bool, String) = (row.get(0), row.get(1), row.get(2));
        let count = format!("select count(*) from only {table} t where strpos(t::text, $1) > 0");
        if database.query_one(&count, &[&text]).await.expect("searches").get::<_, i64>(0) > 0 {
            found.push(if is_public { name } else { table });
        }
    }
    found.sort();
    found
}
