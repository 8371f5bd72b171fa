//! `PUT /v1/adapters/{name}`: declares an adapter, or changes it.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;

use crate::domain::adapter::InvalidField;
use crate::domain::command::{Command, Precondition, PutAdapter};
use crate::domain::decide::decide;
use crate::domain::event::Event;
use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;
use crate::domain::secret;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::views;
use crate::orchestrator::request::Submission;
use crate::wire::adapter::{AdapterDocument, PutAnswer, PutOutcome, Warning};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct How {
    #[serde(default)]
    dry_run: bool,
}

type Answer = (StatusCode, [(HeaderName, String); 1], axum::Json<PutAnswer>);

/// Declares an adapter, or changes it. `If-Match: "revision"` guards against two editors, `If-None-Match: *` against replacing.
#[utoipa::path(put, path = "/v1/adapters/{name}", tag = "adapters", params(RequestId, ("name" = String, Path), ("dry_run" = Option<bool>, Query),
        ("If-Match" = Option<String>, Header, description = "Only if this is the newest: the `ETag` of a `GET`, or `*` for any."),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if there is none yet.")),
    request_body(content = AdapterDocument, example = json!({
        "name": "venue-a", "connector": "tcp", "mode": "exclusive", "lease_ttl": "15s",
        "settings": { "address": "venue-a.example:9001", "keepalive": "1s" } })),
    responses((status = 200, body = PutAnswer), (status = 201, body = PutAnswer)))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
    Query(How { dry_run }): Query<How>,
    headers: HeaderMap,
    Json(document): Json<AdapterDocument>,
) -> Result<Answer, ApiError> {
    let name: AdapterName = named("name", &name)?;
    if document.name != name {
        return Err(ApiError::invalid("name", format!("the document is for {}, the path for {name}", document.name)));
    }
    let enabled = document.enabled;
    let warnings = warnings(&document);
    let put = PutAdapter { adapter: name.clone(), spec: document.into_spec()?, enabled, precondition: precondition(&headers)? };
    let command = Command::PutAdapter(put);
    let (snapshot, events) = if dry_run {
        let snapshot = app.orchestrator.current().await?;
        let decision = decide(&snapshot.fleet, &command, &snapshot.sight)?;
        let after = crate::orchestrator::snapshot::Snapshot { fleet: decision.after, ..(*snapshot).clone() };
        (std::sync::Arc::new(after), decision.events.into_iter().map(|proposal| proposal.event).collect())
    } else {
        let done = app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
        (done.after, done.events.into_iter().map(|recorded| recorded.event).collect::<Vec<_>>())
    };
    let outcome = outcome(&events);
    let adapter = snapshot.fleet.adapter(&name).ok_or_else(|| Refusal::AdapterUnknown(name.clone()))?;
    let view = views::adapter(&snapshot, &name, adapter);
    let status = if outcome == PutOutcome::Created && !dry_run { StatusCode::CREATED } else { StatusCode::OK };
    let etag = [(header::ETAG, format!("\"{}\"", view.revision))];
    Ok((status, etag, axum::Json(PutAnswer { as_of: snapshot.as_of(), outcome, adapter: view, warnings })))
}

fn warnings(document: &AdapterDocument) -> Vec<Warning> {
    let found = secret::warnings(&serde_json::Value::Object(document.settings.clone()), "settings");
    found.into_iter().map(|InvalidField { field, problem }| Warning { field, message: problem }).collect()
}

fn outcome(events: &[Event]) -> PutOutcome {
    if events.iter().any(|event| matches!(event, Event::AdapterDeclared(_))) {
        PutOutcome::Created
    } else if events.iter().any(|event| matches!(event, Event::AdapterRevised(_) | Event::AdapterEnabled(_) | Event::AdapterDisabled(_))) {
        PutOutcome::Updated
    } else {
        PutOutcome::Unchanged
    }
}

/// What `If-Match` and `If-None-Match` ask for.
pub(crate) fn precondition(headers: &HeaderMap) -> Result<Precondition, ApiError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Precondition::None),
        (Some("*"), None) => Ok(Precondition::Present),
        (None, Some("*")) => Ok(Precondition::Absent),
        (Some(tag), None) => match tag.trim_matches('"').parse() {
            Ok(revision) => Ok(Precondition::Revision(revision)),
            Err(_) => Err(ApiError::invalid("If-Match", "give the ETag of a GET: the revision in quotes, for example \"3\"")),
        },
        _ => Err(ApiError::invalid("If-None-Match", "only * is understood, and not together with If-Match")),
    }
}
