//! Request bodies: bounded in size and time, and refused with the path of the field at fault.

use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::problem::{ApiError, member_at_fault};

/// Largest body of any request but a heartbeat, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// Largest heartbeat, in bytes.
pub(crate) const MAX_HEARTBEAT: usize = 256 << 10;

/// Bytes of a body that is too large which are heard before the connection is cut.
const HEARD_OUT: usize = 8 << 20;

/// Another limit than [`MAX_BODY`], set as an extension of the route's requests. In bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub usize);

/// A body that arrives more slowly is an attack or of no use.
const PATIENCE: Duration = Duration::from_secs(10);

/// A JSON body.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out.
pub(crate) struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

async fn read(request: Request) -> Result<Vec<u8>, ApiError> {
    let late = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "the body took longer than 10 s to arrive");
    tokio::time::timeout(PATIENCE, collect(request)).await.map_err(late)?
}

/// The bytes of a body that is not too large. One that is, is still heard out for a while, or its sender would only see the
/// connection break and never learn why.
async fn collect(request: Request) -> Result<Vec<u8>, ApiError> {
    let limit = request.extensions().get::<BodyLimit>().map_or(MAX_BODY, |limit| limit.0);
    let waits_for_us = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit && (waits_for_us || announced > HEARD_OUT) {
        return Err(too_large());
    }
    let (mut bytes, mut heard) = (Vec::with_capacity(announced.min(limit)), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "body-unreadable", error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        heard = heard.saturating_add(data.len());
        if heard > HEARD_OUT {
            break;
        }
        if heard <= limit {
            bytes.extend_from_slice(&data);
        }
    }
    if heard > limit { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> ApiError {
    let detail = "the body is too large: 1 MiB is the most, 256 KiB for a heartbeat";
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // To keep track of where one is costs more than to read, so only a body that is at fault is read that way.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let problem = error.inner().to_string();
        ApiError::invalid(member_at_fault(error.path(), &problem).unwrap_or_else(|| "body".into()), problem)
    })?;
    json.end().map_err(|error| ApiError::invalid("body", error.to_string()))?;
    Ok(value)
}
