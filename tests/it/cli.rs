//! The command line as a user types it: what it prints, where, and the exit code that it ends with.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use conncentric::domain::identity::Role;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::api::Api;
use crate::support::process::command;

/// What a command left behind.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Fails with this reason on the first line of standard error, and without a result.
    #[track_caller]
    fn fails(self, reason: &str) -> Self {
        assert_eq!(self.code, Some(1), "{self:?}");
        let first = self.err.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("no reason: {self:?}"));
        assert!(first.contains(reason), "{self:?}");
        self
    }

    #[track_caller]
    fn prints(self, lines: &[&str]) -> Self {
        assert_eq!(self.out.lines().collect::<Vec<_>>(), lines, "{self:?}");
        self
    }
}

/// Where commands run and what they find there.
struct Shell<'a> {
    api: &'a Api,
    input: Option<String>,
}

impl<'a> Shell<'a> {
    fn new(api: &'a Api) -> Self {
        Self { api, input: None }
    }

    fn with_input(&self, input: &str) -> Self {
        Self { api: self.api, input: Some(input.into()) }
    }

    /// A command of the administrator, in a folder without a `dev.json`.
    fn command(&self, line: &str) -> Command {
        let mut command = command();
        command.args(line.split_whitespace()).current_dir(self.api.folder.path());
        command.env("CONNCENTRIC_SERVER", self.api.urls.join(",")).env("CONNCENTRIC_TOKEN", &self.api.tokens.admin);
        command
    }

    async fn run(&self, line: &str) -> Ended {
        self.end(self.command(line)).await
    }

    async fn end(&self, mut command: Command) -> Ended {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = self.input.clone().unwrap_or_default();
        let ended = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("starts");
            // A command that does not want it may have ended.
            let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
            let output = child.wait_with_output().expect("ends");
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
            Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
        });
        let ended = ended.await.expect("not cancelled");
        assert!(!ended.err.contains("panicked"), "{ended:?}");
        ended
    }
}

#[tokio::test]
async fn wrong_usage_is_told_apart_from_failure() {
    let api = Api::start("cli-usage", 1).await;
    let shell = Shell::new(&api);
    for line in
        ["", "fly", "enable", "enable venue --all", "get", "get pods -o yaml", "token create --role king --name x", "move venue/0", "apply"]
    {
        let ended = shell.run(line).await;
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        assert!(!ended.err.is_empty(), "{ended:?}");
    }
    let ended = shell.run("token create --role viewer --name x --pod pod-a").await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for line in ["--help", "help", "get --help", "get sessions --help", "--version"] {
        let ended = shell.run(line).await.succeeds();
        assert!(!ended.out.is_empty() && !ended.out.contains(&api.tokens.admin), "{ended:?}");
    }
}

#[tokio::test]
async fn apply_makes_adapters_as_documents_say() {
    let api = Api::start("cli-apply", 2).await;
    let shell = Shell::new(&api);
    let yaml = "name: venue-a\nconnector: exec\nmode: exclusive\nsettings: {command: [x]}\n---\n---\nname: venue-b\nconnector: tcp\nmode: single\nsettings: {address: v:1}\nenabled: true\n";
    let apply = shell.with_input(yaml);
    let before = api.ledger_position().await;
    apply.run("apply -f - --dry-run").await.succeeds().prints(&["adapter/venue-a created (dry run)", "adapter/venue-b created (dry run)"]);
    assert_eq!(api.ledger_position().await, before);
    apply.run("apply -f -").await.succeeds().prints(&["adapter/venue-a created", "adapter/venue-b created"]);
    let before = api.ledger_position().await;
    apply.run("apply -f -").await.succeeds().prints(&["adapter/venue-a unchanged", "adapter/venue-b unchanged"]);
    assert_eq!(api.ledger_position().await, before);
    let changed = yaml.replace("mode: exclusive", "mode: exclusive\npriority: 7");
    shell.with_input(&changed).run("apply -f -").await.succeeds().prints(&["adapter/venue-a updated", "adapter/venue-b unchanged"]);

    // JSON, in files and folders, and JSON as the result.
    let folder = api.folder.path().join("adapters");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(
        folder.join("c.json"),
        r#"[{"name": "venue-c", "connector": "exec", "mode": "single", "settings": {"command": ["true"]}}]"#,
    )
    .expect("written");
    std::fs::write(folder.join("notes.txt"), "not an adapter").expect("written");
    let ended = shell.run("apply -f adapters -o json").await.succeeds();
    let applied: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(applied["adapters"][0], json!({ "adapter": "venue-c", "outcome": "created", "dry_run": false }));

    // What no document declares is pruned, unless it is enabled.
    let only_c = "apply -f adapters --prune";
    shell.run(&format!("{only_c} --dry-run")).await.succeeds();
    let ended = shell.run(only_c).await.fails("adapter/venue-b");
    assert!(ended.out.contains("adapter/venue-a deleted") && ended.err.contains("disable it first"), "{ended:?}");
    shell.run("disable venue-b").await.succeeds().prints(&["adapter/venue-b disabled"]);
    shell.run(only_c).await.succeeds().prints(&["adapter/venue-c unchanged", "adapter/venue-b deleted"]);
    assert_eq!(api.get("/v1/adapters").send().await.json()["adapters"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_mistake_in_one_document_changes_nothing() {
    let api = Api::start("cli-mistakes", 1).await;
    let shell = Shell::new(&api);
    let before = api.ledger_position().await;
    let good = "name: good\nconnector: exec\nmode: single\n---\n";
    for (bad, reason) in [
        ("name: a\nconnector: exec\nmode: single\nlease_ttl: 5h", "lease_ttl"),
        ("name: a\nconnector: exec\nmode: single\nreplica: 2", "replica"),
        ("name: A\nconnector: exec\nmode: single", "name"),
        ("name: a\nconnector: exec", "mode"),
        ("name: good\nconnector: exec\nmode: single", "declared already"),
        ("- 1\n- 2", "not an adapter document"),
        ("name: [", "standard input"),
        ("name: a\nconnector: exec\nmode: single\nenabled: yes", "enabled"),
    ] {
        shell.with_input(&format!("{good}{bad}\n")).run("apply -f -").await.fails(reason).prints(&[]);
    }
    let ended = shell.with_input(&format!("{good}name: A\n---\nname: b\n")).run("apply -f -").await.fails("2 problems");
    assert!(ended.err.contains("document 2 (A)") && ended.err.contains("document 3 (b)"), "{ended:?}");
    shell.with_input("").run("apply -f -").await.fails("no adapter document");
    shell.run("apply -f nowhere.yaml").await.fails("nowhere.yaml");
    assert_eq!(api.ledger_position().await, before);
    // What only the server can refuse is refused for that adapter alone.
    let document = "name: venue\nconnector: exec\nmode: single\nsettings: {a: \"\\0\"}\n";
    shell.with_input(&format!("{good}{document}")).run("apply -f -").await.fails("settings");
}

#[tokio::test]
async fn get_shows_tables_and_the_json_of_the_api() {
    let api = Api::start("cli-get", 2).await;
    let shell = Shell::new(&api);
    for what in ["adapters", "sessions", "pods"] {
        let ended = shell.run(&format!("get {what}")).await.succeeds();
        assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", "there are none\n"));
    }
    api.pod("pod-a").register_with(json!({ "labels": { "zone": "a" } })).await.expect(200);
    api.declare("venue", json!({ "mode": "load_balanced", "replicas": 2 })).await;
    api.declare("idle", json!({ "enabled": false })).await;

    let sessions = shell.run("get sessions").await.succeeds();
    let lines: Vec<&str> = sessions.out.lines().collect();
    assert!(lines[0].starts_with("SESSION ") && lines.len() == 4, "{sessions:?}");
    let row = lines.iter().find(|line| line.starts_with("venue/1")).expect("a row");
    assert!(row.contains("ENABLED") && row.contains("CLAIMING") && row.contains("pod-a"), "{row}");
    assert!(!sessions.out.contains('\u{1b}'), "colours are for terminals");
    assert_eq!(shell.run("get sessions venue").await.succeeds().out.lines().count(), 3);
    assert_eq!(shell.run("get session venue/0").await.succeeds().out.lines().count(), 2);
    assert!(shell.run("get sessions venue/0 --history").await.succeeds().out.contains("placement"));
    assert!(shell.run("get adapters idle").await.succeeds().out.contains("DISABLED"));
    assert!(shell.run("get pods").await.succeeds().out.contains("zone=a"));
    let events = shell.run("get events --type SessionClaimed").await.succeeds();
    assert!(events.out.lines().count() == 3 && events.out.contains("session:venue/0"), "{events:?}");

    for (line, path) in
        [("get adapters", "/v1/adapters"), ("get adapters venue", "/v1/adapters/venue"), ("get sessions idle/0", "/v1/sessions/idle/0")]
    {
        let shown = shell.run(&format!("{line} -o json")).await.succeeds().out;
        assert_eq!(shown.trim_end(), api.get(path).send().await.expect(200).text, "{line}");
    }
    for (line, reason) in [
        ("get adapters none", "there is no adapter none"),
        ("get sessions venue/7", "there is no session venue/7"),
        ("get sessions none", "there is no adapter none"),
        ("get pods none", "there is no pod none"),
        ("get events 1000000", "there is no event"),
    ] {
        shell.run(line).await.fails(reason).prints(&[]);
    }
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked() {
    let api = Api::start("cli-tokens", 2).await;
    let shell = Shell::new(&api);
    let made = shell.run("token create --role viewer --name alice").await.succeeds();
    let token = made.out.trim_end().to_owned();
    assert!(token.starts_with("cct_") && !token.contains('\n'), "nothing but the token: {made:?}");
    assert!(!made.err.contains(&token) && made.err.contains("shown once"), "{made:?}");
    // With a file, as machines are given theirs; and without an orchestrator, as the first one of a system is made.
    let file = api.folder.path().join("alice.token");
    std::fs::write(&file, format!("{token}\n")).expect("written");
    let mut as_alice = shell.command("get adapters");
    as_alice.env_remove("CONNCENTRIC_TOKEN").arg("--token-file").arg(&file);
    shell.end(as_alice).await.succeeds();
    let mut direct = shell.command("token create --role pod --name pods --pod pod-a");
    direct.env("DATABASE_URL", &api.database.app_url);
    let direct = shell.end(direct).await.succeeds().out;
    let bound = api.pod("pod-a");
    let answer = bound.post("/v1/pods", json!({})).with_token(direct.trim_end()).send().await;
    answer.expect(200);

    let list = shell.run("token list").await.succeeds().out;
    let row = list.lines().find(|line| line.contains("alice")).expect("a row").to_owned();
    assert!(row.contains("viewer") && list.contains("pod-a") && !list.contains(&token), "{list}");
    let id = row.split_whitespace().next().expect("an id");
    shell.run(&format!("token revoke {id}")).await.succeeds().prints(&[&format!("token/{id} revoked")]);
    shell.run(&format!("token revoke {id}")).await.fails("there is no access token");
    let mut as_alice = shell.command("get adapters");
    as_alice.env("CONNCENTRIC_TOKEN", &token);
    let ended = shell.end(as_alice).await.fails("not known");
    assert!(ended.err.contains("token create"), "{ended:?}");
}

#[tokio::test]
async fn refusals_are_plain_words() {
    let api = Api::start("cli-refusals", 1).await;
    api.pod("pod-a").register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let shell = Shell::new(&api);
    let before = api.ledger_position().await;
    for (line, reason) in [
        ("enable none venue", "there are no adapters none"),
        ("drain pod-z", "no pod pod-z"),
        ("undrain pod-a", "not draining"),
        ("move venue/0 --to pod-a", "owns venue/0 already"),
        ("move venue/0 --to pod-z", "no pod pod-z"),
        ("move none/0 --to pod-a", "there is no adapter none"),
    ] {
        shell.run(line).await.fails(reason).prints(&[]);
    }
    assert_eq!(api.ledger_position().await, before);
    shell.run("enable venue").await.succeeds().prints(&["adapter/venue unchanged"]);
    // Nobody runs it really, so it never gets there, and who waits learns what is missing.
    let ended = shell.run("enable --all --wait --timeout 500ms").await.fails("1 of 1 sessions are not ACTIVE after 500ms");
    assert!(ended.err.contains("venue/0: CLAIMING, pod-a is starting it"), "{ended:?}");
    let mut as_viewer = shell.command("disable --all");
    as_viewer.env("CONNCENTRIC_TOKEN", api.tokens.of(Role::Viewer));
    shell.end(as_viewer).await.fails("role operator");
    shell.run("disable --all --reason tea").await.succeeds().prints(&["adapter/venue disabled"]);
    let plan = shell.run("drain pod-a --dry-run").await.succeeds();
    assert!(plan.out.contains("SESSION") && plan.out.contains("venue/0") && plan.out.contains("there is no other pod"), "{plan:?}");
}

#[tokio::test]
async fn any_orchestrator_will_do() {
    let api = Api::start("cli-servers", 1).await;
    let shell = Shell::new(&api);
    // Given back at once, so that nobody listens there.
    let dead = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let dead = format!("http://{dead}");
    let mut command = shell.command("get adapters");
    command.env("CONNCENTRIC_SERVER", format!("{dead},{}", api.urls[0]));
    shell.end(command).await.succeeds();
    let mut command = shell.command("get adapters");
    command.env("CONNCENTRIC_SERVER", &dead);
    let ended = shell.end(command).await.fails("refused");
    assert!(ended.err.contains("--server") && ended.out.is_empty(), "{ended:?}");
    let mut command = shell.command("get adapters");
    command.env_remove("CONNCENTRIC_TOKEN");
    shell.end(command).await.fails("access token");
    let mut command = shell.command("get adapters");
    command.env_remove("CONNCENTRIC_TOKEN").args(["--token-file", "nowhere"]);
    shell.end(command).await.fails("nowhere");
}

#[tokio::test]
async fn completions_are_printed_for_every_shell() {
    let api = Api::start("cli-completions", 1).await;
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        // No orchestrator is asked, so none need be there.
        let mut command = Shell::new(&api).command(&format!("completions {name}"));
        command.env_remove("CONNCENTRIC_SERVER").env_remove("CONNCENTRIC_TOKEN");
        let script = Shell::new(&api).end(command).await.succeeds().out;
        assert!(script.contains("conncentric") && script.contains("disable"), "{name}");
    }
    assert_eq!(Shell::new(&api).run("completions tcsh").await.code, Some(2));
}

/// Whoever reads may have seen enough, which is no failure.
#[tokio::test]
async fn a_reader_who_leaves_early_is_no_failure() {
    let api = Api::start("cli-pipes", 1).await;
    for i in 0..40 {
        api.make_token(Role::Viewer, &format!("viewer-{i}"), None).await;
    }
    let shell = Shell::new(&api);
    for line in ["get events", "get events -o json", "token list", "completions bash", "get events --follow"] {
        let mut command = shell.command(line);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let reader = tokio::task::spawn_blocking(move || {
            let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
            let mut first = String::new();
            out.read_line(&mut first).expect("a line");
            drop(out);
            (first, child)
        });
        let (first, mut child) = reader.await.expect("not cancelled");
        assert!(!first.is_empty(), "{line}");
        // Who follows notices with the next event.
        api.make_token(Role::Viewer, "one-more", None).await;
        let ended = tokio::task::spawn_blocking(move || {
            let mut err = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
            (child.wait().expect("ends").code(), err)
        });
        let (code, err) = ended.await.expect("not cancelled");
        assert_eq!((code, err.as_str()), (Some(0), ""), "{line}");
    }
}
