//! Errors as RFC 9457 problem documents.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::adapter::InvalidField;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::log::LogError;
use crate::orchestrator::request::Failure;
use crate::wire::problem::{FieldProblem, MEDIA_TYPE, Problem};

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    field: Option<String>,
    errors: Vec<FieldProblem>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), field: None, errors: Vec::new() }
    }

    /// With the place at fault, which the detail begins with.
    pub(crate) fn of_field(status: StatusCode, code: &'static str, field: String, problem: &str) -> Self {
        let detail = format!("{field}: {problem}");
        Self { field: Some(field), ..Self::new(status, code, detail) }
    }

    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        InvalidField::new(field, problem).into()
    }

    /// What it says to people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    #[cfg(test)]
    pub(crate) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }
}

/// The member of a document or query that serde refuses. Where one is missing or unknown, only the message names it.
pub(crate) fn member_at_fault(path: &serde_path_to_error::Path, problem: &str) -> Option<String> {
    let path = path.to_string();
    let path = path.trim_end_matches('?').trim_end_matches('.');
    let named = ["missing field `", "unknown field `", "duplicate field `"].iter().find_map(|start| problem.strip_prefix(start));
    match named.and_then(|rest| rest.split_once('`')) {
        Some((name, _)) if path.is_empty() => Some(name.to_owned()),
        Some((name, _)) if path == name || path.ends_with(&format!(".{name}")) => Some(path.to_owned()),
        Some((name, _)) => Some(format!("{path}.{name}")),
        None => (!path.is_empty()).then(|| path.to_owned()),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or("Error").into(),
            status: self.status.as_u16(),
            code: self.code.into(),
            detail: self.detail,
            field: self.field,
            errors: self.errors,
        };
        let mut response = (self.status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        match self.status {
            StatusCode::UNAUTHORIZED => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"conncentric\"")),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            _ => None,
        };
        response
    }
}

impl From<InvalidField> for ApiError {
    fn from(invalid: InvalidField) -> Self {
        Refusal::from(invalid).into()
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.kind() {
            RefusalKind::Invalid => StatusCode::BAD_REQUEST,
            RefusalKind::Unauthorized => StatusCode::UNAUTHORIZED,
            RefusalKind::Forbidden => StatusCode::FORBIDDEN,
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Conflict => StatusCode::CONFLICT,
            RefusalKind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            RefusalKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let field = refusal.field().map(str::to_owned);
        let errors = refusal.fields().iter().map(|invalid| FieldProblem { field: invalid.field.clone(), detail: invalid.problem.clone() });
        Self { status, code: refusal.code(), detail: refusal.to_string(), field, errors: errors.collect() }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Unavailable(_) => Self::unavailable(failure.to_string()),
            Failure::Overloaded => Self::new(StatusCode::TOO_MANY_REQUESTS, "overloaded", failure.to_string()),
            Failure::Fault(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", failure.to_string()),
        }
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        tracing::warn!(%error, "a query failed");
        Self::unavailable(error.to_string())
    }
}
