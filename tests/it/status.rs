//! `conncentric status`: the screen, its JSON and its exit code, as the fleet gets worse.

use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::process::command;

struct Seen {
    code: Option<i32>,
    out: String,
    err: String,
}

async fn status(api: &Api, arguments: &[&str]) -> Seen {
    let mut command = command();
    command.arg("status").args(arguments).current_dir(api.folder.path());
    command.env("CONNCENTRIC_SERVER", api.urls.join(",")).env("CONNCENTRIC_TOKEN", &api.tokens.viewer);
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("not cancelled");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Seen { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test]
async fn one_screen_says_whether_all_is_well() {
    let mut api = Api::start("status", 2).await;
    let seen = status(&api, &[]).await;
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""), "{}", seen.out);
    assert!(seen.out.starts_with("All is well.\n") && !seen.out.contains('\u{1b}'), "{}", seen.out);
    assert_eq!(seen.out.matches("READY").count(), 3, "two orchestrators, and the column of the pods: {}", seen.out);
    assert!(seen.out.contains("PostgreSQL ") && seen.out.contains("primary"), "{}", seen.out);

    api.declare("venue", json!({})).await;
    let seen = status(&api, &[]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.out);
    assert!(seen.err.starts_with("error: 1 thing needs attention, first adapter/venue: "), "{}", seen.err);
    assert!(seen.out.trim_end().ends_with("next: conncentric get sessions venue"), "{}", seen.out);

    // One of the two is gone: the other tells the rest.
    api.processes[0].kill().await;
    let seen = status(&api, &["-o", "json"]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.err);
    let report: Value = serde_json::from_str(&seen.out).expect("JSON");
    assert_eq!((&report["well"], &report["adapters"]["CLAIMING"]), (&json!(false), &json!(1)), "{report}");
    assert_eq!(report["orchestrators"][0]["state"], "NO ANSWER", "{report}");
    assert_eq!(report["orchestrators"][1]["version"], env!("CARGO_PKG_VERSION"), "{report}");
    let about: Vec<&str> = report["attention"].as_array().expect("a list").iter().filter_map(|one| one["about"].as_str()).collect();
    assert_eq!(about, ["adapter/venue", &format!("orchestrator/{}", api.urls[0])]);

    api.processes[1].kill().await;
    let seen = status(&api, &[]).await;
    assert!(seen.code == Some(1) && seen.out.contains("DATABASE   out of reach"), "{}\n{}", seen.out, seen.err);
    assert!(seen.err.starts_with("error: 2 things need attention, first orchestrator/"), "{}", seen.err);
}

#[tokio::test]
async fn a_stranger_is_told_nothing() {
    let mut api = Api::start("status_stranger", 1).await;
    api.tokens.viewer = "cct_0123456789abcdef_x".into();
    let seen = status(&api, &[]).await;
    assert_eq!((seen.code, seen.out.as_str()), (Some(1), ""), "{}", seen.err);
    assert!(seen.err.contains("token create"), "{}", seen.err);
}
