//! Path, query and JSON body of a request, with refusals in the API's own form.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::app::Host;
use crate::body;
use crate::problem::Problem;

/// The variable parts of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|refused| Problem::malformed(refused.body_text()))
    }
}

/// The parameters after the `?`. Types refuse the ones they do not know.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// The parameters of `uri`.
    ///
    /// # Errors
    /// 400 for what is unknown or unreadable.
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(uri);
        query.map(|query| Self(query.0)).map_err(|refused| Problem::malformed(refused.body_text()))
    }
}

/// A body that is one JSON document. Types refuse the members they do not know.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Host>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, host: &Arc<Host>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut body = body.into_data_stream();
        let received = body::receive(&parts.headers, &mut body, &host.request_bytes).await;
        match received {
            Ok(received) => read(&received.bytes).map(Self),
            Err(problem) => {
                body::discard(&parts.headers, &mut body).await;
                Err(problem)
            }
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let wrong = |error| Problem::malformed(format!("the body is not what is asked for: {error}"));
    serde_json::from_slice(body).map_err(wrong)
}
