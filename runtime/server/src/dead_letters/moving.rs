//! Putting dead letters back, and deleting them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use millstream_runner::{JobStatus, Outcome};
use serde_json::{Value, json};

use super::order::Order;
use super::refused;
use crate::answer;
use crate::app::{Host, subscription as named};
use crate::extract::{Json, Path};
use crate::problem::Problem;

/// Puts dead letters back to the subscription: at once, or as a job where there is a rate.
pub(crate) async fn redrive(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
    Json(order): Json<Order>,
) -> Result<Response, Problem> {
    let (id, _) = named(&host.wiring(), &subscription)?;
    let (selection, how) = (order.selection()?, order.redrive()?);
    let outcome = host.app.dead_letters.redrive(id, selection, how).await.map_err(refused)?;
    Ok(answer(outcome))
}

/// Deletes dead letters for good.
pub(crate) async fn purge(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
    Json(order): Json<Order>,
) -> Result<Response, Problem> {
    let (id, _) = named(&host.wiring(), &subscription)?;
    let (selection, dry_run) = (order.selection()?, order.purge()?);
    let outcome = host.app.dead_letters.purge(id, selection, dry_run).await.map_err(refused)?;
    Ok(answer(outcome))
}

/// How far the subscription's redrive is.
pub(crate) async fn status(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
) -> Result<Response, Problem> {
    let (id, _) = named(&host.wiring(), &subscription)?;
    shown(host.app.dead_letters.job(id), &subscription)
}

/// Stops the subscription's redrive where it is.
pub(crate) async fn stop(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
) -> Result<Response, Problem> {
    let (id, _) = named(&host.wiring(), &subscription)?;
    shown(host.app.dead_letters.stop(id).await, &subscription)
}

fn answer(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Started(job) => {
            (StatusCode::ACCEPTED, answer::document(&told(&job))).into_response()
        }
        Outcome::Done { matched, moved, complete } => {
            let mut done = json!({ "matched": matched, "moved": moved, "complete": complete });
            if !complete {
                done["hint"] = "no more may wait for the subscription now: ask again when it has \
                                caught up, or give a `rate`"
                    .into();
            }
            answer::document(&done)
        }
    }
}

fn shown(job: Option<JobStatus>, subscription: &str) -> Result<Response, Problem> {
    let none = || format!("subscription `{subscription}` has had no redrive with a rate");
    let job = job.ok_or_else(|| Problem::unknown("redrive", none()))?;
    Ok(answer::document(&told(&job)))
}

fn told(job: &JobStatus) -> Value {
    // A struct of numbers and a word always has a JSON form.
    serde_json::to_value(job).unwrap_or_default()
}
