//! `GET /`: the Portal. Vite builds it from `src/portal/`, and the bundle is part of the program; a program that was built without it
//! serves one page that says how to build it. A debug build reads the bundle from the source folder, so that it need not be
//! built again for each change of a page.
//!
//! Absent on purpose: data of any kind. What the Portal shows it asks of the API, like everybody.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::Embed;
use tower_http::compression::CompressionLayer;

/// What `make portal` made.
#[derive(Embed)]
#[folder = "src/portal/dist/site"]
#[allow_missing = true]
struct Bundle;

const UNBUILT: &str = include_str!("unbuilt.html");

/// Nothing from elsewhere, and no script or style inside a page: a text that became markup could still do nothing.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self'; \
                      object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The pages, each of which can be opened by its address. Which of them is shown is the script's affair.
const PAGES: &[&str] = &[
    "/",
    "/adapters",
    "/adapters/{name}",
    "/pods",
    "/events",
    "/changes",
    "/maintenance",
    "/artifacts",
    "/artifacts/{name}",
    "/plugins",
    "/access-tokens",
];

/// The pages and what they need. They hold nothing secret, so they need no access token.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let pages = PAGES.iter().fold(Router::new(), |router, page| router.route(page, get(index)));
    pages.route("/assets/{*path}", get(asset)).layer(CompressionLayer::new())
}

/// The same for every page. It changes with the program and carries no version in its name, so browsers ask each time.
async fn index() -> Response {
    page(Bundle::get("index.html").map(|index| index.data))
}

fn page(index: Option<impl Into<Body>>) -> Response {
    match index {
        Some(index) => file("text/html; charset=utf-8", "no-cache", index),
        None => file("text/html; charset=utf-8", "no-store", UNBUILT.as_bytes()),
    }
}

/// Scripts, styles and pictures. Their names change with what is in them, so they are kept for ever.
async fn asset(Path(path): Path<String>) -> Response {
    match Bundle::get(&format!("assets/{path}")) {
        Some(asset) => file(media_type(&path), "public, max-age=31536000, immutable", asset.data),
        None => super::not_found().await.into_response(),
    }
}

fn file(media_type: &'static str, cache: &'static str, data: impl Into<Body>) -> Response {
    let headers: [(HeaderName, HeaderValue); 5] = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, data.into()).into_response()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn text(response: Response) -> String {
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn a_program_without_the_bundle_says_how_to_build_it() {
        let response = page(None::<&'static str>);
        assert_eq!(response.status(), 200);
        let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        assert_eq!(header(CONTENT_TYPE).as_deref(), Some("text/html; charset=utf-8"));
        // The next program under this address may have one.
        assert_eq!(header(CACHE_CONTROL).as_deref(), Some("no-store"));
        assert_eq!(header(CONTENT_SECURITY_POLICY).as_deref(), Some(POLICY));
        let said = text(response).await;
        for part in ["make portal", "cargo build --release", "href=\"/docs\"", "href=\"/readyz\"", "conncentric get sessions"] {
            assert!(said.contains(part), "{part} is missing: {said}");
        }
        // What the policy would forbid anyway.
        assert!(!said.contains("<script") && !said.contains("style=") && !said.contains("://"), "{said}");
    }

    #[tokio::test]
    async fn a_program_with_the_bundle_shows_it_and_asks_again_each_time() {
        let response = page(Some("<title>the bundle</title>"));
        assert_eq!(response.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok()), Some("no-cache"));
        assert_eq!(text(response).await, "<title>the bundle</title>");
    }
}
