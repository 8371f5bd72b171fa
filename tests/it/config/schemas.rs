//! Settings are held against the schema of their connector, and literals that look like secrets are noticed.

use serde_json::{Value, json};

use crate::support::api::Api;

fn exec(settings: &Value) -> Value {
    json!({ "name": "venue", "connector": "exec", "mode": "exclusive", "settings": settings })
}

#[tokio::test]
async fn a_refusal_names_every_field_and_the_fix() {
    let api = Api::start("schema-refusals", 1).await;
    let before = api.ledger_position().await;
    let wrong = exec(&json!({ "comand": ["x"], "stop_timeout": 5, "env": { "A": "${env:not a name}" } }));
    for path in ["/v1/adapters/venue", "/v1/adapters/venue?dry_run=true"] {
        let problem = api.put(path, &wrong).send().await.problem(400, "invalid-field");
        let fields: Vec<&str> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        let mut sorted = fields.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["settings.comand", "settings.command", "settings.env.A", "settings.stop_timeout"], "{problem:?}");
        assert_eq!(problem.field.as_deref(), fields.first().copied());
        assert!(fields.iter().all(|field| problem.detail.contains(field)), "{problem:?}");
        assert!(problem.detail.contains("is a number, and must be a text") && problem.detail.contains("is required"), "{problem:?}");
    }
    assert_eq!(api.ledger_position().await, before, "nothing was stored");

    // What no connector that is known takes, nobody can judge.
    api.put("/v1/adapters/venue", &json!({ "name": "venue", "connector": "fix", "mode": "single", "settings": { "any": 1 } }))
        .send()
        .await
        .expect(201);

    let tcp = json!({ "name": "t", "connector": "tcp", "mode": "single", "settings": { "address": "${env:VENUE}", "login": "${file:/run/login}" } });
    let answer = api.put("/v1/adapters/t", &tcp).send().await.expect(201).json();
    assert_eq!(answer["warnings"], json!([]));
}

#[tokio::test]
async fn a_literal_that_looks_like_a_secret_is_a_warning() {
    let api = Api::start("schema-warnings", 1).await;
    let document = exec(&json!({ "command": ["x", "--token=abc"], "env": { "DB_PASSWORD": "hunter2", "API_KEY": "${env:API_KEY}" } }));
    for path in ["/v1/adapters/venue?dry_run=true", "/v1/adapters/venue"] {
        let answer = api.put(path, &document).send().await.json();
        let fields: Vec<&str> =
            answer["warnings"].as_array().expect("warnings").iter().filter_map(|warning| warning["field"].as_str()).collect();
        assert_eq!(fields, ["settings.command[1]", "settings.env.DB_PASSWORD"], "{answer}");
        assert!(answer["warnings"][1]["message"].as_str().is_some_and(|message| message.contains("${env:NAME}")), "{answer}");
    }
}

#[tokio::test]
async fn connectors_say_what_they_take() {
    let api = Api::start("schema-connectors", 1).await;
    let answer = api.get("/v1/connectors").with_token(&api.tokens.viewer).send().await.expect(200).json();
    let connectors = answer["connectors"].as_array().expect("connectors");
    let names: Vec<&str> = connectors.iter().filter_map(|connector| connector["name"].as_str()).collect();
    assert_eq!(names, ["exec", "tcp"]);
    for connector in connectors {
        assert_eq!(connector["actions"][0]["name"], "restart");
        assert_eq!(connector["settings_schema"]["type"], "object");
        assert!(connector["description"].as_str().is_some_and(|text| !text.is_empty()));
    }
    api.get("/v1/connectors").with_token(&api.tokens.pod).send().await.problem(403, "forbidden");
}
