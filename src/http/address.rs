//! What a request says in its address: path and query, refused with the parameter at fault.

use axum::extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{ApiError, member_at_fault};

/// The parameters of the path. What they name is for the handler to check.
pub(crate) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let unreadable = |_| ApiError::invalid("path", "its percent-encoding does not give UTF-8");
        AxumPath::from_request_parts(parts, state).await.map(|AxumPath(value)| Self(value)).map_err(unreadable)
    }
}

/// The query, into a type that knows every parameter.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match AxumQuery::try_from_uri(&parts.uri) {
            Ok(AxumQuery(value)) => Ok(Self(value)),
            Err(rejection) => Err(refuse(&rejection)),
        }
    }
}

/// The cause within a rejection knows the parameter, which its text only mentions.
type Located = serde_path_to_error::Error<serde::de::value::Error>;

fn refuse(rejection: &(dyn std::error::Error + 'static)) -> ApiError {
    let mut causes = std::iter::successors(Some(rejection), |error| error.source());
    match causes.find_map(|error| error.downcast_ref::<Located>()) {
        Some(located) => {
            let problem = located.inner().to_string();
            ApiError::invalid(member_at_fault(located.path(), &problem).unwrap_or_else(|| "query".into()), problem)
        }
        None => ApiError::invalid("query", rejection.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its refusals are looked at")]
        limit: u8,
    }

    #[test]
    fn the_parameter_at_fault_is_named() {
        for (query, field) in
            [("limit=x", "limit"), ("", "limit"), ("limit=1&order=up", "order"), ("limit=1&limit=2", "limit"), ("limit=256", "limit")]
        {
            let uri: Uri = format!("/?{query}").parse().expect("a URI");
            let rejection = AxumQuery::<Sample>::try_from_uri(&uri).expect_err(query);
            assert_eq!(refuse(&rejection).field(), Some(field), "{query}");
        }
    }
}
