//! Lists of adapters and sessions: all of them, or those that are named.

use serde_json::json;

use crate::support::api::Api;

#[tokio::test]
async fn lists_are_narrowed_to_the_names_that_are_asked_for() {
    let api = Api::start("narrowed", 1).await;
    for name in ["a", "b", "c"] {
        api.declare(name, json!({ "mode": "load_balanced", "replicas": 2 })).await;
    }
    let listed = async |path: &str, list: &str, field: &str| -> Vec<String> {
        let answer = api.get(path).send().await.expect(200).json();
        answer[list].as_array().expect("a list").iter().map(|one| one[field].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(listed("/v1/adapters?names=c,a,unheard-of,a", "adapters", "name").await, ["a", "c"]);
    assert_eq!(listed("/v1/sessions?adapters=b", "sessions", "session").await, ["b/0", "b/1"]);
    assert_eq!(listed("/v1/sessions?adapters=unheard-of", "sessions", "session").await, Vec::<String>::new());
    let at = api.ledger_position().await;
    api.post("/v1/adapters/disable", &json!({ "all": true })).send().await.expect(200);
    let then = api.get(&format!("/v1/adapters?names=b&at={at}")).send().await.expect(200).json();
    assert_eq!((&then["adapters"][0]["admin_state"], then["adapters"].as_array().map(Vec::len)), (&json!("ENABLED"), Some(1)));
    api.get("/v1/adapters?names=").send().await.problem(400, "invalid-field");
    let field = api.get("/v1/sessions?adapters=a,Not%20one").send().await.problem(400, "invalid-field").field;
    assert_eq!(field.as_deref(), Some("adapters"));
    let many = (0..1001).map(|number| format!("a{number}")).collect::<Vec<_>>().join(",");
    api.get(&format!("/v1/adapters?names={many}")).send().await.problem(400, "invalid-field");
}
