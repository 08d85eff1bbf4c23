//! Steering a subscription: whether it delivers, and from where in its topic.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use millstream_queue::{Ended, SeekTo};
use serde::Deserialize;
use serde_json::json;

use crate::answer;
use crate::app::{Host, subscription as named};
use crate::extract::{Json, Path};
use crate::problem::Problem;

/// Stops deliveries; messages wait. What is under way is finished.
pub(crate) async fn pause(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
) -> Result<Response, Problem> {
    set_paused(&host, &subscription, true).await
}

/// Lets deliveries go on.
pub(crate) async fn resume(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
) -> Result<Response, Problem> {
    set_paused(&host, &subscription, false).await
}

/// What a seek asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seek {
    to: String,
}

/// Moves the subscription to another place of its topic.
pub(crate) async fn seek(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
    Json(seek): Json<Seek>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (id, plan) = named(&wiring, &subscription)?;
    let waiting = host.app.broker.seek(id, place(&seek.to)?).await.map_err(ended)?;
    let waiting = waiting.ok_or_else(|| {
        Problem::unknown("subscription", format!("`{subscription}` is not there any more"))
    })?;
    Ok(answer::document(&json!({ "subscription": plan.name, "waiting": waiting })))
}

async fn set_paused(host: &Host, subscription: &str, paused: bool) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (id, plan) = named(&wiring, subscription)?;
    host.app.broker.pause(id, paused).await.map_err(ended)?;
    Ok(answer::document(&json!({ "subscription": plan.name, "paused": paused })))
}

fn ended(error: Ended) -> Problem {
    Problem::busy("journal-ended", error.to_string())
}

fn place(text: &str) -> Result<SeekTo, Problem> {
    match text {
        "earliest" => Ok(SeekTo::Earliest),
        "now" => Ok(SeekTo::Now),
        _ => at(text).map(SeekTo::Time).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            let accepted = "write `earliest`, `now` or a time as `2026-01-31T12:00:00Z`";
            Problem::malformed(format!("`to`: `{shown}` is no place in a topic: {accepted}"))
        }),
    }
}

/// Milliseconds since the Unix epoch; a time before it is the epoch.
fn at(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    Some(u64::try_from(time.as_millisecond()).unwrap_or(0))
}
