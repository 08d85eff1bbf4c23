//! Whether the host is alive, and whether it takes messages.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::answer;
use crate::app::Host;
use crate::problem::Problem;

/// 200 for as long as the process answers at all.
pub(crate) async fn alive(State(host): State<Arc<Host>>) -> Response {
    answer::document(&json!({ "status": "alive", "version": host.app.version }))
}

/// 200 while publishes are taken, 503 while the host shuts down.
pub(crate) async fn ready(State(host): State<Arc<Host>>) -> Result<Response, Problem> {
    if host.stopping.is_cancelled() {
        return Err(Problem::busy("stopping", "the host is shutting down"));
    }
    Ok(answer::document(&json!({ "status": "serving" })))
}
