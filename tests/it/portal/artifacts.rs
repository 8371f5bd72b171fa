//! The pages of artifacts: uploaded, compared, rolled back, downloaded, and deleted when nobody names them.

use std::time::Duration;

use conncentric::domain::identity::Role;
use reqwest::Method;
use serde_json::Value;

use super::{look, look_as, make_token};
use crate::support::system::System;

#[tokio::test]
async fn an_artifact_is_uploaded_compared_rolled_back_and_deleted_once_nobody_names_it() {
    let system = System::start("portal_artifacts", 1, 1).await;
    let file = system.folder().join("FIX 4.4 dictionary.xml");
    std::fs::write(&file, "<fix major='4' minor='4'>\n<img src=x onerror=alert(1)>\n</fix>\n").expect("written");
    let browser = look(&system, "/artifacts").await;
    browser.until_said("main", "There are no artifacts yet.").await;
    browser.press("Upload").await;
    browser.give_file("File", &file).await;
    browser.type_into("Name", "<b>no name</b>").await;
    browser.press("Upload").await;
    browser.until_said("dialog [role=alert]", "name").await;
    browser.type_into("Name", "fix-4.4-dictionary").await;
    browser.press("Upload").await;
    browser.until_said(".page-head", "version 1").await;
    browser.until_said("section[aria-label='Used by']", "No adapter names it.").await;

    // A second version, an adapter that names it, and the difference between the two.
    std::fs::write(&file, "<fix major='4' minor='4'>\n<script>alert(2)</script>\n</fix>\n").expect("written");
    browser.press("Upload a new version").await;
    browser.give_file("File", &file).await;
    browser.press("Upload").await;
    browser.until_said(".page-head", "version 2").await;
    let mut declared = system.to_venue("venue-a", Duration::from_secs(20));
    declared.artifacts = vec!["fix-4.4-dictionary".into()];
    system.declare(&[declared]).await;
    browser.until_said("section[aria-label='Used by']", "venue-a").await;
    browser.press("What version 2 changed").await;
    browser.until_said(".difference .removed", "<img src=x onerror=alert(1)>").await;
    browser.until_said(".difference .added", "<script>alert(2)</script>").await;
    assert_eq!(browser.run("return document.querySelectorAll('main img, main script').length", vec![]).await, 0, "a text became markup");

    browser.press("Roll back to version 1").await;
    browser.until_said("dialog", "becomes version 3").await;
    browser.press("Roll back").await;
    browser.until_said(".page-head", "version 3").await;
    let now: Value = system.call::<(), _>(Method::GET, "/v1/artifacts/fix-4.4-dictionary", None).await.expect("the artifact");
    assert_eq!(now["versions"][0]["sha256"], now["versions"][2]["sha256"]);

    browser.press("Delete").await;
    browser.press("Delete").await;
    browser.until_said("dialog [role=alert]", "venue-a").await;
    browser.press("Cancel").await;
    let unnamed = system.to_venue("venue-a", Duration::from_secs(20));
    let _: Value = system.call(Method::PUT, "/v1/adapters/venue-a", Some(&unnamed)).await.expect("changed");
    browser.until_said("section[aria-label='Used by']", "No adapter names it.").await;
    browser.press("Delete").await;
    browser.press("Delete").await;
    browser.until_said("main", "There are no artifacts yet.").await;
    browser.close().await;
}

#[tokio::test]
async fn a_viewer_looks_at_artifacts_and_is_offered_nothing() {
    let system = System::start("portal_artifacts_viewer", 1, 0).await;
    let file = system.folder().join("schema.json");
    std::fs::write(&file, "{}").expect("written");
    let browser = look(&system, "/artifacts").await;
    browser.press("Upload").await;
    browser.give_file("File", &file).await;
    browser.press("Upload").await;
    browser.until_said(".page-head", "version 1").await;
    browser.close().await;
    let viewer = make_token(&system, Role::Viewer, "victor").await;
    let browser = look_as(&system, &viewer.token, "/artifacts").await;
    browser.until_column("Name", "the one", |names| names == ["schema"]).await;
    browser.press("schema").await;
    browser.until_said("section[aria-label=Versions]", "Download").await;
    let offered = browser.texts("main button").await;
    assert!(!offered.iter().any(|name| ["Upload", "Delete", "Roll"].iter().any(|change| name.starts_with(change))), "{offered:?}");
    browser.close().await;
}
