//! `GET /`: where the Portal will be. Until it is built, the page says where everything else is.

use axum::http::{HeaderName, header};
use axum::response::Html;

const PAGE: &str = include_str!("front.html");

pub(crate) async fn front() -> ([(HeaderName, &'static str); 1], Html<&'static str>) {
    ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")], Html(PAGE))
}
