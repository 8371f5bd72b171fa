//! `GET /docs`: a reader for `/openapi.json`, one page with one script and one style sheet of our own.
//!
//! Absent on purpose: libraries, anything from another host, and scripts or styles inside the page. So the content
//! security policy can forbid all of it, and a text in the description can never become code.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use axum::routing::get;

const PAGE: &str = include_str!("docs/page.html");
const SCRIPT: &str = include_str!("docs/reader.js");
const STYLE: &str = include_str!("docs/reader.css");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/docs` and the two files that it needs. They hold nothing secret, so they need no access token.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(|| async { file("text/html; charset=utf-8", PAGE) }))
        .route("/docs/reader.js", get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/docs/reader.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
}

fn file(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // The files change with the program and carry no version in their names.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn the_page_and_its_files_are_served_under_a_strict_policy() {
        for (path, media_type) in [("/docs", "text/html"), ("/docs/reader.js", "text/javascript"), ("/docs/reader.css", "text/css")] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let response = routes::<()>().oneshot(request).await.expect("an answer");
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let header = |name| response.headers()[name].to_str().expect("text");
            assert!(header(CONTENT_TYPE).starts_with(media_type), "{path}");
            assert!(header(CONTENT_SECURITY_POLICY).starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}");
        }
    }

    #[test]
    fn the_page_keeps_to_its_policy() {
        for forbidden in ["<style", "style=", "onclick=", "onload=", "http://", "https://"] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
        assert_eq!(PAGE.matches("<script").count(), PAGE.matches("<script src=\"/docs/reader.js\"").count());
    }

    #[test]
    fn the_script_makes_no_markup_from_text() {
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style"] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
    }
}
