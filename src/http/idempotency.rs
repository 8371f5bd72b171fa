//! `Idempotency-Key`: names a mutation for ever, so that it can be sent again when its outcome is unknown.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};
use uuid::Uuid;

use super::auth::Caller;
use super::problem::ApiError;

/// Namespace of request ids that are made from keys which are no UUIDs.
const NAMESPACE: Uuid = Uuid::from_u128(0x0c6f_6e6e_6365_4e74_a1c0_6b65_7973_0001);

/// The id of this request: the client's, or a fresh one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Some(key) = parts.headers.get("idempotency-key") else { return Ok(Self(Uuid::now_v7())) };
        let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
        let key = key.ok_or_else(|| ApiError::invalid("Idempotency-Key", "a key has 1 to 255 printable ASCII characters"))?.to_owned();
        if let Ok(id) = Uuid::try_parse(&key) {
            return Ok(Self(id));
        }
        // Two callers may choose the same word without meaning the same request.
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(Uuid::new_v5(&NAMESPACE, format!("{}\n{key}", caller.access_token).as_bytes())))
    }
}

/// As the description of the API has it.
impl IntoParams for RequestId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)).build();
        let what = "Names the request for ever, so that it can be sent again: a UUID, or any text of 1 to 255 printable characters.";
        let header = ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header).required(Required::False);
        vec![header.description(Some(what)).schema(Some(key)).build()]
    }
}
