//! Which problems an operation may answer with. They follow from what it takes and from who may use it, so handlers only declare
//! what they answer when all is well.

use axum::http::{Method, StatusCode};
use utoipa::Modify;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, Header, Ref, RefOr, Response, ResponseBuilder};

use crate::domain::identity::Role;
use crate::http::auth::needed;
use crate::wire::problem::MEDIA_TYPE;

/// Operations whose body names what there may not be. Others name it in their path.
const NAMES_IN_BODY: [&str; 9] = [
    "/v1/actions/answers",
    "/v1/adapters/disable",
    "/v1/adapters/enable",
    "/v1/claims",
    "/v1/heartbeats",
    "/v1/log",
    "/v1/maintenance",
    "/v1/pods",
    "/v1/releases",
];

/// Declares the refusals of every operation that needs an access token.
pub(super) struct Refusals;

impl Modify for Refusals {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        for (path, item) in openapi.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/v1/")) {
            let operations = [
                (Method::GET, &mut item.get),
                (Method::PUT, &mut item.put),
                (Method::POST, &mut item.post),
                (Method::DELETE, &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                for status in refusals(&method, path, operation) {
                    components.responses.entry(name(status)).or_insert_with(|| problem(status).into());
                    operation.responses.responses.insert(status.as_str().to_owned(), Ref::from_response_name(name(status)).into());
                }
            }
        }
    }
}

/// What the description calls a refusal: `NotFound`, for example.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().replace(' ', "")
}

fn refusals(method: &Method, path: &str, operation: &Operation) -> Vec<StatusCode> {
    let has = |wanted: &str| parameters(operation).any(|parameter| parameter.name == wanted);
    let changes = has("Idempotency-Key");
    let has_path = parameters(operation).any(|parameter| parameter.parameter_in == ParameterIn::Path);
    let has_body = operation.request_body.is_some();
    let is_open = [Role::Viewer, Role::Pod].iter().all(|role| needed(method, path).contains(role));
    let rules = [
        (StatusCode::BAD_REQUEST, has_body || parameters(operation).next().is_some()),
        (StatusCode::UNAUTHORIZED, true),
        (StatusCode::FORBIDDEN, !is_open),
        (StatusCode::NOT_FOUND, has_path || (has_body && NAMES_IN_BODY.contains(&path))),
        (StatusCode::REQUEST_TIMEOUT, has_body),
        (StatusCode::CONFLICT, changes),
        (StatusCode::PRECONDITION_FAILED, has("If-Match")),
        (StatusCode::PAYLOAD_TOO_LARGE, has_body),
        (StatusCode::UNPROCESSABLE_ENTITY, has("Content-Digest")),
        (StatusCode::TOO_MANY_REQUESTS, true),
        (StatusCode::INTERNAL_SERVER_ERROR, true),
        (StatusCode::SERVICE_UNAVAILABLE, true),
    ];
    rules.into_iter().filter_map(|(status, applies)| applies.then_some(status)).collect()
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

fn problem(status: StatusCode) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(status.canonical_reason().unwrap_or_default()).content(MEDIA_TYPE, content);
    // What `ApiError` sends along.
    match status {
        StatusCode::UNAUTHORIZED => response.header("WWW-Authenticate", Header::default()),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => response.header("Retry-After", Header::default()),
        _ => response,
    }
    .build()
}
