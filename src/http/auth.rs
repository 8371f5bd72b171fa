//! Who is asking, and whether they may: default deny. A route that is not in the table below is refused to everybody (I9).

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::App;
use super::problem::ApiError;
use crate::domain::identity::{AccessTokenId, BearerToken, Role};
use crate::domain::name::PodName;
use crate::orchestrator::request::Actor;
use crate::orchestrator::snapshot::Snapshot;

/// What each route needs: any one of the roles, or a role that covers it.
const RULES: &[(Method, &str, &[Role])] = &[
    (Method::POST, "/v1/pods", &[Role::Pod]),
    (Method::POST, "/v1/heartbeats", &[Role::Pod]),
    (Method::GET, "/v1/pods/{pod}/stream", &[Role::Pod]),
    (Method::POST, "/v1/claims", &[Role::Pod]),
    (Method::POST, "/v1/log", &[Role::Pod]),
    (Method::POST, "/v1/actions/answers", &[Role::Pod]),
    (Method::POST, "/v1/releases", &[Role::Pod]),
    (Method::DELETE, "/v1/pods/{pod}", &[Role::Pod]),
    (Method::POST, "/v1/pods/{pod}/drain", &[Role::Operator, Role::Pod]),
    (Method::POST, "/v1/pods/{pod}/undrain", &[Role::Operator]),
    (Method::GET, "/v1/pods", &[Role::Viewer]),
    (Method::GET, "/v1/pods/{pod}", &[Role::Viewer]),
    (Method::GET, "/v1/pods/{pod}/heartbeats", &[Role::Viewer]),
    (Method::GET, "/v1/adapters", &[Role::Viewer]),
    (Method::GET, "/v1/adapters/{name}", &[Role::Viewer]),
    (Method::GET, "/v1/adapters/{name}/log", &[Role::Viewer]),
    (Method::GET, "/v1/adapters/{name}/revisions", &[Role::Viewer]),
    (Method::GET, "/v1/connectors", &[Role::Viewer]),
    (Method::PUT, "/v1/adapters/{name}", &[Role::Admin]),
    (Method::DELETE, "/v1/adapters/{name}", &[Role::Admin]),
    (Method::POST, "/v1/adapters/enable", &[Role::Operator]),
    (Method::POST, "/v1/adapters/disable", &[Role::Operator]),
    (Method::GET, "/v1/artifacts", &[Role::Viewer, Role::Pod]),
    (Method::GET, "/v1/artifacts/{name}", &[Role::Viewer, Role::Pod]),
    (Method::GET, "/v1/artifacts/{name}/content", &[Role::Viewer, Role::Pod]),
    (Method::PUT, "/v1/artifacts/{name}", &[Role::Admin]),
    (Method::DELETE, "/v1/artifacts/{name}", &[Role::Admin]),
    (Method::GET, "/v1/plugins", &[Role::Viewer, Role::Pod]),
    (Method::GET, "/v1/plugins/{name}", &[Role::Viewer, Role::Pod]),
    (Method::GET, "/v1/plugins/{name}/content", &[Role::Viewer, Role::Pod]),
    (Method::PUT, "/v1/plugins/{name}", &[Role::Admin]),
    (Method::DELETE, "/v1/plugins/{name}", &[Role::Admin]),
    (Method::GET, "/v1/maintenance", &[Role::Viewer]),
    (Method::POST, "/v1/maintenance", &[Role::Operator]),
    (Method::DELETE, "/v1/maintenance", &[Role::Operator]),
    (Method::GET, "/v1/sessions", &[Role::Viewer]),
    (Method::GET, "/v1/sessions/{adapter}/{ordinal}", &[Role::Viewer]),
    (Method::GET, "/v1/sessions/{adapter}/{ordinal}/history", &[Role::Viewer]),
    (Method::POST, "/v1/sessions/{adapter}/{ordinal}/move", &[Role::Operator]),
    (Method::POST, "/v1/sessions/{adapter}/{ordinal}/actions", &[Role::Operator]),
    (Method::GET, "/v1/sessions/{adapter}/{ordinal}/actions", &[Role::Viewer]),
    (Method::GET, "/v1/sessions/{adapter}/{ordinal}/actions/{id}", &[Role::Viewer]),
    (Method::POST, "/v1/rebalance", &[Role::Operator]),
    (Method::GET, "/v1/events", &[Role::Viewer]),
    (Method::GET, "/v1/events/stream", &[Role::Viewer]),
    (Method::GET, "/v1/ownership", &[Role::Viewer]),
    (Method::POST, "/v1/tokens", &[Role::Admin]),
    (Method::GET, "/v1/tokens", &[Role::Admin]),
    (Method::DELETE, "/v1/tokens/{id}", &[Role::Admin]),
    (Method::GET, "/v1/status", &[Role::Viewer]),
    (Method::GET, "/v1/whoami", &[Role::Viewer, Role::Pod]),
];

/// Somebody who has shown a valid access token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub access_token: AccessTokenId,
    pub name: Arc<str>,
    pub role: Role,
    pub bound_to: Option<PodName>,
}

impl Caller {
    /// The actor that events name: who, and how they proved it.
    pub(crate) fn actor(&self) -> Actor {
        self.named(format!("{}:{} via token:{}", self.role, self.name, self.access_token))
    }

    fn named(&self, name: String) -> Actor {
        Actor { name, access_token: Some(self.access_token.clone()) }
    }

    /// The actor when the caller speaks for a pod.
    ///
    /// # Errors
    /// Refuses a token that is bound to another pod.
    pub(crate) fn speak_for(&self, pod: &PodName) -> Result<Actor, ApiError> {
        match &self.bound_to {
            Some(bound) if bound != pod => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "not-your-pod",
                format!("this access token is bound to pod {bound} and may not speak for {pod}; a pod acts only for itself"),
            )),
            _ => Ok(self.named(format!("pod:{pod} via token:{}", self.access_token))),
        }
    }

    /// Whether the token still opens anything, for connections that outlive a request.
    pub(crate) fn is_valid(&self, snapshot: &Snapshot) -> bool {
        snapshot.fleet.access_token(&self.access_token).is_some()
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| unauthorized("show an access token: Authorization: Bearer …"))
    }
}

/// Lets a request through to its handler only with a valid token of a role that the table names.
pub(crate) async fn authorize(State(app): State<App>, path: MatchedPath, mut request: Request, next: Next) -> Result<Response, ApiError> {
    let token = bearer_token(request.headers())?;
    let caller = authenticate(&app, &token, is_look(request.method())).await?;
    let allowed = needed(request.method(), path.as_str());
    if !allowed.iter().any(|needed| caller.role.covers(*needed)) {
        let roles = allowed.iter().map(Role::to_string).collect::<Vec<_>>().join(" or ");
        let detail = format!("this needs an access token of role {roles}; yours ({}) has role {}", caller.name, caller.role);
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Whether a request only looks. HEAD is GET without a body.
fn is_look(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The roles that a route needs one of; none for one that is refused to everybody.
pub(super) fn needed(method: &Method, path: &str) -> &'static [Role] {
    let method = if is_look(method) { &Method::GET } else { method };
    RULES.iter().find(|(rule_method, rule_path, _)| rule_method == method && *rule_path == path).map_or(&[], |(_, _, roles)| roles)
}

fn bearer_token(headers: &HeaderMap) -> Result<BearerToken, ApiError> {
    let header = headers.get(header::AUTHORIZATION).ok_or_else(|| unauthorized("show an access token: Authorization: Bearer …"))?;
    let text = header.to_str().ok().and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = text.ok_or_else(|| unauthorized("the Authorization header must read: Bearer …"))?;
    token.trim().parse().map_err(|error| unauthorized(format!("{error}")))
}

/// Who looks is let in by the newest state, because the token may have been revoked a moment ago at another orchestrator. Who
/// changes something need not wait for that: the core refuses what comes with a revoked token, whatever is found here.
async fn authenticate(app: &App, token: &BearerToken, looks: bool) -> Result<Caller, ApiError> {
    let latest = app.orchestrator.latest();
    let is_known = latest.fleet.access_token(token.id()).is_some();
    if is_known && !looks {
        return find(&latest, token);
    }
    match app.orchestrator.current().await {
        Ok(newest) => find(&newest, token),
        // Away from the database, what is known is still shown to whom we know. Others may be known there since, so they are not
        // told that they are strangers.
        Err(_) if is_known => find(&latest, token),
        Err(failure) => Err(failure.into()),
    }
}

fn find(snapshot: &Snapshot, token: &BearerToken) -> Result<Caller, ApiError> {
    let issued = snapshot.fleet.access_token(token.id()).filter(|issued| token.matches(&issued.token.hash));
    let issued =
        issued.ok_or_else(|| unauthorized("this access token is not known (any more); make one with `conncentric token create`"))?;
    Ok(Caller {
        access_token: token.id().clone(),
        name: Arc::from(issued.token.name.as_str()),
        role: issued.token.role,
        bound_to: issued.token.pod.clone(),
    })
}

fn unauthorized(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_table_is_refused() {
        assert!(needed(&Method::GET, "/v1/unheard-of").is_empty());
        assert!(needed(&Method::PATCH, "/v1/adapters").is_empty());
    }

    #[test]
    fn nobody_but_pods_speaks_for_pods() {
        for path in ["/v1/pods", "/v1/heartbeats", "/v1/claims", "/v1/releases"] {
            assert_eq!(needed(&Method::POST, path), [Role::Pod]);
        }
    }
}
