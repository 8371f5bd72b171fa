//! `PUT /v1/plugins/{name}`: installs a plugin, or another version of it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::view;
use crate::domain::command::{Command, InstallPlugin};
use crate::domain::content::Content;
use crate::domain::event::Event;
use crate::domain::name::PluginName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::openapi::File;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::store::Arriving;
use crate::orchestrator::request::Submission;
use crate::plugin::manifest::Manifest;
use crate::plugin::read::{InvalidPackage, read};
use crate::plugin::sign::Untrusted;
use crate::wire::adapter::PutOutcome;
use crate::wire::plugin::PutPluginAnswer;

type Answer = (StatusCode, [(HeaderName, String); 1], axum::Json<PutPluginAnswer>);

/// Installs the package in the body, a `tar.zst` of at most 64 MiB. It is looked into while it arrives, and stored only if nothing in
/// it is wrong. `Content-Digest` guards the upload; `Plugin-Signature` is needed where the orchestrator was given keys.
#[utoipa::path(put, path = "/v1/plugins/{name}", tag = "plugins", params(RequestId, ("name" = String, Path),
        ("Content-Digest" = Option<String>, Header, description = "`sha-256=:…:`, the hash of the body in Base64 (RFC 9530). Anything else is not stored."),
        ("Plugin-Signature" = Option<String>, Header, description = "What `conncentric plugin sign` wrote.")),
    request_body(content = inline(File), content_type = "application/zstd"),
    responses((status = 200, body = PutPluginAnswer), (status = 201, body = PutPluginAnswer)))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
    request: Request,
) -> Result<Answer, ApiError> {
    let plugin: PluginName = named("name", &name)?;
    let (parts, body) = request.into_parts();
    let signature = signature(&parts.headers)?;
    let (expected, keys) = (plugin.clone(), Arc::clone(&app.plugin_keys));
    let inspect = move |arriving: Arriving| -> Result<_, ApiError> {
        let Manifest { name, facts } = read(arriving, |_, _| Ok(()))?;
        if name != expected {
            return Err(ApiError::invalid("name", format!("the package is of plugin {name}, the path of {expected}")));
        }
        Ok(move |content: Content| -> Result<_, ApiError> {
            let signed_by = keys.check(content.sha256, signature.as_deref())?;
            // A signature that nobody could check says nothing, so it is not kept.
            Ok((facts, signature.zip(signed_by)))
        })
    };
    let (content, (facts, signed)) = app.store.receive_and(&parts.headers, body, inspect).await?;
    let command = Command::InstallPlugin(Box::new(InstallPlugin { plugin: plugin.clone(), facts, content, signed }));
    let done = app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    let fleet = &done.after.fleet;
    let shown = fleet.plugin(&plugin).and_then(|known| view(fleet, &plugin, known)).ok_or(Refusal::PluginUnknown(plugin))?;
    let installed = done.events.iter().any(|recorded| matches!(recorded.event, Event::PluginInstalled(_)));
    let (status, outcome) = match (installed, shown.versions.len()) {
        (true, 1) => (StatusCode::CREATED, PutOutcome::Created),
        (true, _) => (StatusCode::OK, PutOutcome::Updated),
        (false, _) => (StatusCode::OK, PutOutcome::Unchanged),
    };
    let etag = [(header::ETAG, format!("\"{}\"", shown.newest.version))];
    Ok((status, etag, axum::Json(PutPluginAnswer { as_of: done.after.as_of(), outcome, plugin: shown })))
}

fn signature(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(header) = headers.get("plugin-signature") else { return Ok(None) };
    let text = header.to_str().ok().filter(|text| text.len() == 88);
    let wrong = || ApiError::invalid("Plugin-Signature", "give what `conncentric plugin sign` wrote: 88 characters of Base64");
    text.map(|text| Some(text.to_owned())).ok_or_else(wrong)
}

impl From<InvalidPackage> for ApiError {
    fn from(invalid: InvalidPackage) -> Self {
        Self::of_field(StatusCode::UNPROCESSABLE_ENTITY, "plugin-invalid", invalid.place, &invalid.problem)
    }
}

impl From<Untrusted> for ApiError {
    fn from(untrusted: Untrusted) -> Self {
        Self::new(StatusCode::FORBIDDEN, "plugin-unsigned", untrusted.to_string())
    }
}
