//! Request bodies: bounded in size and time, and refused with the path of the field at fault.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::problem::{ApiError, member_at_fault};

/// Largest body of any request but a heartbeat, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// Largest heartbeat, in bytes.
pub(crate) const MAX_HEARTBEAT: usize = 256 << 10;

/// A body that arrives more slowly is an attack or of no use.
const PATIENCE: Duration = Duration::from_secs(10);

/// A JSON body.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out.
pub(crate) struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = read(request, state).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let reading = tokio::time::timeout(PATIENCE, Bytes::from_request(request, state)).await;
    let late = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "the body took longer than 10 s to arrive");
    reading.map_err(late)?.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = "the body is too large: 1 MiB is the most, 256 KiB for a heartbeat";
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
        } else {
            ApiError::new(StatusCode::BAD_REQUEST, "body-unreadable", rejection.body_text())
        }
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let problem = error.inner().to_string();
        ApiError::invalid(member_at_fault(error.path(), &problem).unwrap_or_else(|| "body".into()), problem)
    })?;
    json.end().map_err(|error| ApiError::invalid("body", error.to_string()))?;
    Ok(value)
}
