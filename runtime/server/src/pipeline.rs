//! The running pipeline file.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::answer;
use crate::app::Host;
use crate::problem::Problem;

/// The text as it was given to the host.
pub(crate) async fn show(State(host): State<Arc<Host>>) -> Result<Response, Problem> {
    let text = &host.app.pipeline_text;
    if text.is_empty() {
        return Err(Problem::unknown("pipeline", "the host was started without a pipeline text"));
    }
    Ok(answer::text("application/yaml", text.clone()))
}
