//! Stored content on its way out.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::content::Content;
use crate::http::App;
use crate::http::problem::ApiError;
use crate::http::store::content_digest;

/// Content as a file to be saved. What somebody uploaded must never be taken for a page of ours.
pub(crate) async fn download(app: &App, asked: &HeaderMap, content: Content, media_type: &str, name: &str) -> Result<Response, ApiError> {
    let etag = format!("\"{}\"", content.sha256);
    if asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let body: Body = app.store.send(content).await?;
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_LENGTH, content.size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox".to_owned()),
        (HeaderName::from_static("content-digest"), content_digest(content.sha256)),
        (header::ETAG, etag),
    ];
    Ok((headers, body).into_response())
}
