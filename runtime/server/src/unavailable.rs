//! What the API names but does not have yet: a clear refusal, never a silent success.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, on};

use crate::app::Host;
use crate::problem::Problem;

const GET: MethodFilter = MethodFilter::GET;

const UNAVAILABLE: &[(MethodFilter, &str, &str)] = &[
    (GET, "/", "the web console"),
    (GET, "/metrics", "metrics"),
    (GET, "/openapi.json", "the OpenAPI description"),
    (GET, "/v1/messages/{id}/trace", "trace"),
];

/// Adds a refusal for each of them.
pub(crate) fn mount(router: Router<Arc<Host>>) -> Router<Arc<Host>> {
    UNAVAILABLE.iter().fold(router, |router, &(method, path, what)| {
        router.route(path, on(method, move || async move { Problem::not_available(what) }))
    })
}
