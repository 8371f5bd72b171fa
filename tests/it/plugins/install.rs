//! What is let in, and what is not.

use serde_json::json;

use super::feed;
use crate::support::api::{Answer, Api};

async fn install(api: &Api, name: &str, package: Vec<u8>) -> Answer {
    api.request(reqwest::Method::PUT, &format!("/v1/plugins/{name}")).bytes(package).send().await
}

async fn blobs(api: &Api) -> i64 {
    api.database.connect().await.query_one("select count(*) from blob", &[]).await.expect("counts").get(0)
}

#[tokio::test]
async fn a_plugin_is_installed_used_and_removed() {
    let api = Api::start("plugin-install", 2).await;
    let (first, second) = (feed(api.folder.path(), "1.0.0"), feed(api.folder.path(), "1.1.0"));
    let answer = install(&api, "feed", first.clone()).await.expect(201).json();
    assert_eq!((&answer["outcome"], &answer["plugin"]["connector"]), (&"created".into(), &"feed".into()));
    assert_eq!(install(&api, "feed", first.clone()).await.expect(200).json()["outcome"], "unchanged");
    let content = api.get("/v1/plugins/feed/content").at(1).open().await.expect("an answer");
    assert_eq!(content.bytes().await.expect("all of it"), first);
    let connectors = api.get("/v1/connectors").send().await.json();
    assert!(connectors["connectors"].as_array().expect("a list").iter().any(|connector| connector["name"] == "feed"));

    let adapter = |settings| json!({ "name": "a", "connector": "feed", "mode": "exclusive", "settings": settings });
    let refused = api.put("/v1/adapters/a", &adapter(json!({ "port": "x" }))).send().await;
    assert!(refused.status == 400 && refused.text.contains("settings.port"), "{}", refused.text);
    api.put("/v1/adapters/a", &adapter(json!({ "port": 7 }))).send().await.expect(201);
    assert_eq!(install(&api, "feed", second).await.expect(200).json()["outcome"], "updated");
    let refused = api.delete("/v1/plugins/feed").send().await.problem(409, "plugin-in-use");
    assert!(refused.detail.contains("named by a;"), "{}", refused.detail);
    api.delete("/v1/adapters/a").send().await.expect(204);
    let there = api.get("/v1/plugins/feed").send().await.expect(200).json();
    assert_eq!(there["versions"].as_array().map(Vec::len), Some(2), "{there}");
    api.delete("/v1/plugins/feed").send().await.expect(204);
    api.get("/v1/plugins/feed").send().await.problem(404, "plugin-unknown");
}

#[tokio::test]
async fn what_is_no_package_is_not_stored() {
    let api = Api::start("plugin-bad", 1).await;
    let good = feed(api.folder.path(), "1.0.0");
    let cut = good[..good.len() / 2].to_vec();
    for (package, problem) in [(b"no package".to_vec(), "not compressed with zstd"), (cut, "package: "), (Vec::new(), "package: ")] {
        let refused = install(&api, "feed", package).await.problem(422, "plugin-invalid");
        assert!(refused.detail.contains(problem), "{}", refused.detail);
    }
    assert_eq!(blobs(&api).await, 0);
    install(&api, "other", good).await.problem(400, "invalid-field");
}
