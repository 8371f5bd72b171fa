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
const PAGES: &[&str] = &["/", "/adapters", "/adapters/{name}", "/pods", "/events", "/maintenance"];

/// The pages and what they need. They hold nothing secret, so they need no access token.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let pages = PAGES.iter().fold(Router::new(), |router, page| router.route(page, get(index)));
    pages.route("/assets/{*path}", get(asset)).layer(CompressionLayer::new())
}

/// The same for every page. It changes with the program and carries no version in its name, so browsers ask each time.
async fn index() -> Response {
    match Bundle::get("index.html") {
        Some(index) => file("text/html; charset=utf-8", "no-cache", index.data),
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
