//! `PUT /v1/artifacts/{name}`: stores a version of an artifact.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;

use super::view;
use crate::domain::command::{ArtifactSource, Command, PutArtifact};
use crate::domain::event::Event;
use crate::domain::name::ArtifactName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::openapi::File;
use crate::http::problem::ApiError;
use crate::http::routes::adapters::put::precondition;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;
use crate::wire::adapter::PutOutcome;
use crate::wire::artifact::PutArtifactAnswer;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    from_version: Option<u32>,
}

type Answer = (StatusCode, [(HeaderName, String); 1], axum::Json<PutArtifactAnswer>);

/// Stores the body, at most 64 MiB, as the next version; the same content as the newest changes nothing. With `from_version` and no
/// body an older version becomes the next one. `Content-Digest` guards the upload, `If-Match: "version"` against two editors,
/// `If-None-Match: *` against replacing.
#[utoipa::path(put, path = "/v1/artifacts/{name}", tag = "artifacts",
    params(RequestId, ("name" = String, Path), ("from_version" = Option<u32>, Query),
        ("If-Match" = Option<String>, Header, description = "Only if this is the newest: the `ETag` of a `GET`, or `*` for any."),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if there is none yet."),
        ("Content-Digest" = Option<String>, Header, description = "`sha-256=:…:`, the hash of the body in Base64 (RFC 9530). Anything else is not stored.")),
    request_body(content = inline(File), content_type = "application/octet-stream"),
    responses((status = 200, body = PutArtifactAnswer), (status = 201, body = PutArtifactAnswer)))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
    Query(From { from_version }): Query<From>,
    request: Request,
) -> Result<Answer, ApiError> {
    let artifact: ArtifactName = named("name", &name)?;
    let (parts, body) = request.into_parts();
    let precondition = precondition(&parts.headers)?;
    let source = source(&app, from_version, &parts.headers, body).await?;
    let command = Command::PutArtifact(PutArtifact { artifact: artifact.clone(), source, precondition });
    let done = app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    let fleet = &done.after.fleet;
    let shown = fleet.artifact(&artifact).and_then(|known| view(fleet, &artifact, known));
    let shown = shown.ok_or_else(|| Refusal::ArtifactUnknown(artifact.clone()))?;
    let stored = done.events.iter().find_map(|recorded| match &recorded.event {
        Event::ArtifactStored(event) => Some(event.version),
        _ => None,
    });
    let is_first = |version| shown.versions.last().is_some_and(|oldest| oldest.version == version);
    let (status, outcome) = match stored {
        Some(version) if is_first(version) => (StatusCode::CREATED, PutOutcome::Created),
        Some(_) => (StatusCode::OK, PutOutcome::Updated),
        None => (StatusCode::OK, PutOutcome::Unchanged),
    };
    let etag = [(header::ETAG, format!("\"{}\"", shown.newest.version))];
    Ok((status, etag, axum::Json(PutArtifactAnswer { as_of: done.after.as_of(), outcome, artifact: shown })))
}

async fn source(app: &App, from_version: Option<u32>, headers: &HeaderMap, body: Body) -> Result<ArtifactSource, ApiError> {
    if let Some(version) = from_version {
        let empty = axum::body::to_bytes(body, 0).await.is_ok();
        let both = || ApiError::invalid("from_version", "an older version or a body, not both");
        return if empty { Ok(ArtifactSource::Version(version)) } else { Err(both()) };
    }
    let media_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_owned());
    let content = app.store.receive(headers, body).await?;
    Ok(ArtifactSource::Upload { content, media_type })
}
