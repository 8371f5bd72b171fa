use clap::{CommandFactory, FromArgMatches};

use super::check::check;
use super::*;
use crate::cli::Cli;

fn file(text: &str) -> File {
    File::parse("f.yaml", text).unwrap_or_else(|error| panic!("{error}"))
}

fn problems(text: &str) -> String {
    match File::parse("f.yaml", text).and_then(|file| file.check(&Cli::command())) {
        Ok(()) => panic!("nothing is wrong with {text}"),
        Err(invalid) => invalid.to_string(),
    }
}

/// What a command line becomes with a file.
fn parsed(text: &str, line: &str) -> Result<Cli, clap::Error> {
    let words: Vec<String> = line.split_whitespace().take_while(|word| !word.starts_with('-')).map(str::to_owned).collect();
    let file = file(text);
    file.check(&Cli::command()).unwrap_or_else(|error| panic!("{error}"));
    let command = given::apply(Cli::command(), &words, &file.along(&words));
    let mut matches = command.try_get_matches_from(std::iter::once("conncentric").chain(line.split_whitespace()))?;
    Cli::from_arg_matches_mut(&mut matches)
}

fn shown(text: &str, line: &str) -> String {
    format!("{:?}", parsed(text, line).unwrap_or_else(|error| panic!("{error}")))
}

const FILE: &str = "
log-format: json
server: [http://a:1, http://b:2]
orchestrator:
  database-url: postgresql://x
  listen: 127.0.0.1:7001
  management-listen: 127.0.0.1:7002
  pulse-retention: 30d
  migrations: none
adapter:
  orchestrator: [http://a:1]
  pod: pod-1
  capacity: 9
  label: [zone=a, rack=7]
get:
  output: json
  sessions: { watch: true }
";

#[test]
fn a_file_stands_in_for_flags() {
    let orchestrator = shown(FILE, "orchestrator");
    for part in ["log_format: Json", "listen: 127.0.0.1:7001", "Some(127.0.0.1:7002)", "postgresql://x", "migrations: None", "2592000s"] {
        assert!(orchestrator.contains(part), "{part}: {orchestrator}");
    }
    let adapter = shown(FILE, "adapter");
    assert!(adapter.contains(r#"labels: [("zone", "a"), ("rack", "7")]"#) && adapter.contains("capacity: 9"), "{adapter}");
    let get = shown(FILE, "get sessions");
    assert!(get.contains("watch: true") && get.contains("output: Json") && get.contains(r#"Domain("b")"#), "{get}");
}

#[test]
fn what_is_typed_counts_for_more_and_replaces_lists() {
    let adapter = shown(FILE, "adapter --label zone=b --capacity 1 --log-format text");
    assert!(adapter.contains(r#"labels: [("zone", "b")]"#) && adapter.contains("capacity: 1"), "{adapter}");
    assert!(adapter.contains("log_format: Text"), "{adapter}");
    // A section says more of its command than the top of the file.
    assert!(
        shown("log-format: json\nadapter: {log-format: text, pod: p, orchestrator: http://a:1}", "adapter").contains("log_format: Text")
    );
}

#[test]
fn whatever_is_required_may_be_anywhere() {
    let missing = parsed("orchestrator: {listen: 127.0.0.1:1}", "migrate").expect_err("no database");
    assert_eq!(missing.kind(), clap::error::ErrorKind::MissingRequiredArgument);
    assert!(parsed("migrate: {database-url: postgresql://x}", "migrate").is_ok());
}

#[test]
fn a_slip_is_answered_with_the_nearest_name() {
    assert_eq!(problems("orchestrator: {lisen: 0.0.0.0:1}"), "f.yaml: orchestrator.lisen: there is no such flag; did you mean listen?");
    assert_eq!(problems("orchestrater: {listen: 0.0.0.0:1}"), "f.yaml: orchestrater: there is no such command; did you mean orchestrator?");
    assert!(problems("log_format: json").contains("did you mean log-format?"));
    assert!(!problems("xyzzy: 1").contains("did you mean"));
    let both = problems("orchestrator: {lisen: 1, nam: 2}");
    assert!(both.starts_with("2 problems") && both.contains("did you mean name?"), "{both}");
}

#[test]
fn a_value_is_judged_as_if_it_were_typed() {
    for (text, reason) in [
        ("orchestrator: {listen: everywhere}", "orchestrator: invalid value 'everywhere' for '--listen <ADDRESS>'"),
        ("log-format: xml", "at the top: invalid value 'xml'"),
        ("adapter: {capacity: many}", "capacity"),
        ("adapter: {capacity: [1, 2]}", "cannot be used multiple times"),
        ("adapter: {capacity: null}", "write a value"),
        ("adapter: {label: {zone: a}}", "not a mapping"),
        ("adapter: {label: [[a]]}", "write a value"),
        ("adapter: {label: []}", "write a value"),
        ("get: {sessions: {watch: 1}}", "write true or false"),
        ("get: {sessions: {watch: true, at: \"7\"}}", "cannot be used with"),
        ("enable: {all: true}", "for the command line only"),
        ("config: other.yaml", "for the command line only"),
        ("orchestrator: 7", "no such flag"),
        ("guard: {deadline-ns: 7}", "no such command"),
        ("- 1", "write flags as keys"),
        ("a: [", "f.yaml"),
        ("log-format: json\nlog-format: text", "log-format"),
    ] {
        let said = problems(text);
        assert!(said.contains(reason), "{text}: {said}");
    }
    assert!(file("").check(&Cli::command()).is_ok());
}

#[test]
fn the_file_that_is_named_is_used_wherever_it_is_named() {
    let found = |line: &str| {
        let line: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        wanted(&Cli::command(), &line).map(|(path, words)| (path.display().to_string(), words.join(" ")))
    };
    let orchestrator = Some(("f".to_owned(), "orchestrator".to_owned()));
    assert_eq!(found("conncentric --config f orchestrator"), orchestrator);
    assert_eq!(found("conncentric orchestrator --config f"), orchestrator);
    assert_eq!(found("conncentric orchestrator --config=f --listen nonsense"), orchestrator);
    assert_eq!(found("conncentric get --config f sessions"), Some(("f".into(), "get sessions".into())));
    assert_eq!(found("conncentric orchestrator"), None);
    assert_eq!(found("conncentric config check --config f g"), None);
    assert_eq!(found("conncentric guard --deadline-ns 7 -- sh --config f"), None);
}

#[test]
fn a_check_shows_values_and_where_they_come_from_but_no_secrets() {
    let shown = |text: &str, only| {
        let effective = check(&Cli::command(), &file(text), only).unwrap_or_else(|error| panic!("{error}"));
        serde_json::to_value(effective).expect("JSON")
    };
    let all = shown(FILE, None);
    let commands: Vec<&str> = all.as_array().expect("a list").iter().filter_map(|one| one["command"].as_str()).collect();
    assert_eq!(commands, ["adapter", "get", "get sessions", "orchestrator"]);
    let orchestrator = shown(FILE, Some("orchestrator"));
    let value = |flag: &str| orchestrator[0]["values"].as_array()?.iter().find(|value| value["flag"] == flag).cloned();
    let listen = value("listen").expect("listed");
    assert_eq!((&listen["value"], &listen["from"]), (&"127.0.0.1:7001".into(), &"file".into()));
    assert_eq!(value("name").expect("listed")["value"], serde_json::Value::Null);
    assert_eq!(value("log-format").expect("listed")["from"], "file");
    assert!(!orchestrator.to_string().contains("postgresql://x"), "{orchestrator}");

    let missing = check(&Cli::command(), &file("adapter: {capacity: 1}"), None).expect_err("no pod").to_string();
    assert!(missing.contains("pod is missing: write it into the file, or set CONNCENTRIC_POD"), "{missing}");
    assert!(check(&Cli::command(), &file(""), Some("fly")).is_err());
}
