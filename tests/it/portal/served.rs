//! How the Portal is served: to everybody, under a strict policy, and small.

use std::io::Read;

use conncentric::domain::event::Event;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::api::Api;
use crate::support::process::command;

/// Bytes that a browser has to fetch before it can show the first page, compressed.
const FIRST_LOAD: usize = 200_000;

/// What a page names with `src=` or `href=`.
fn named(page: &str) -> Vec<String> {
    let ends = page.split("src=\"").skip(1).chain(page.split("href=\"").skip(1));
    ends.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

fn is(file: &str, ending: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, given)| given == ending)
}

#[tokio::test]
async fn every_page_opens_by_its_address_under_a_strict_policy() {
    let api = Api::start("portal_served", 1).await;
    for path in ["/", "/adapters", "/adapters/venue-a", "/pods", "/events", "/maintenance", "/changes", "/access-tokens"] {
        let page = api.get(path).nobody().send().await.expect(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
        let policy = page.header("content-security-policy").expect("a policy");
        for part in ["default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
        assert!(!page.text.contains("<style") && !page.text.contains(" style="), "{path}: {}", page.text);
        assert_eq!(page.text.matches("<script").count(), page.text.matches(" src=\"/assets/").count(), "{path}: a script inside the page");
        assert!(named(&page.text).iter().all(|file| file.starts_with("/assets/")), "{path} names what is elsewhere: {}", page.text);
    }
    api.get("/no-such-page").nobody().send().await.problem(404, "route-unknown");
    api.get("/assets/no-such-file.js").nobody().send().await.expect(404);
    api.get("/assets/../index.html").nobody().send().await.problem(404, "route-unknown");
}

#[tokio::test]
async fn the_first_load_is_small_and_kept() {
    let api = Api::start("portal_load", 1).await;
    let page = api.get("/adapters").nobody().send().await.expect(200);
    let mut bytes = page.text.len();
    let files = named(&page.text);
    assert!(["js", "css"].iter().all(|ending| files.iter().any(|file| is(file, ending))), "{files:?}");
    for file in files {
        let response = api.get(&file).nobody().header("accept-encoding", "gzip").open().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "{file}");
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        assert_eq!(header("cache-control").as_deref(), Some("public, max-age=31536000, immutable"), "{file}");
        let compressed = header("content-encoding");
        let body = response.bytes().await.expect("a body");
        bytes += body.len();
        if is(&file, "js") {
            assert_eq!(compressed.as_deref(), Some("gzip"), "{file}");
            let mut script = String::new();
            GzDecoder::new(body.as_ref()).read_to_string(&mut script).expect("a script");
            for forbidden in ["dangerouslySetInnerHTML:", "eval(", "new Function("] {
                assert!(!script.contains(forbidden), "{file} has {forbidden}");
            }
        }
    }
    assert!(bytes < FIRST_LOAD, "the first load has {bytes} bytes");
}

/// The page of events offers every type to choose from.
#[test]
fn every_event_type_can_be_chosen() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/portal/src/pages/events.tsx")).expect("the page");
    let missing: Vec<&str> = Event::TYPES.iter().map(|(kind, _)| *kind).filter(|kind| !page.contains(&format!("\"{kind}\""))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The types of the Portal are generated from this file.
#[test]
fn the_description_that_the_portal_is_built_from_is_that_of_the_server() {
    let printed = command().arg("openapi").output().expect("runs");
    assert!(printed.status.success(), "{printed:?}");
    let printed: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    let kept = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/src/portal/openapi.json")).expect("the file");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    assert_eq!(kept, printed, "run: cargo run -- openapi > src/portal/openapi.json");
}
