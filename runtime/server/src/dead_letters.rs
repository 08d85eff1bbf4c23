//! The dead letters of one subscription: looked through here, put back and deleted in `moving`.
//!
//! Several subscriptions may share a dead-letter topic, so its messages are looked through, in
//! bounded steps, for those that name the subscription: a page may be empty and still have a next
//! one.

mod moving;
mod order;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use millstream_formats::{Condition, MessageJson};
use millstream_message::MessageId;
use millstream_pipeline::SubscriptionPlan;
use millstream_runner::{DeadLetterError, Found, Wiring};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::moving::{purge, redrive, status, stop};
use crate::answer;
use crate::app::{Host, subscription as named, topic_name};
use crate::blocking::elsewhere;
use crate::extract::{Path, Query};
use crate::problem::Problem;

/// Dead letters on a page where the request names no limit.
const PAGE_DEFAULT: usize = 100;
/// Most dead letters on a page.
const PAGE_MAX: usize = 1_000;

/// The parameters of a listing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    limit: Option<usize>,
    after: Option<u64>,
    #[serde(rename = "where")]
    condition: Option<String>,
}

/// A page of dead letters, oldest first.
pub(crate) async fn list(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (id, plan) = named(&wiring, &subscription)?;
    let limit = parameters.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::malformed(format!("`limit` must be 1 to {PAGE_MAX}")));
    }
    let condition = parameters.condition.as_deref().map(condition).transpose()?;
    let (letters, after) = (host.app.dead_letters.clone(), parameters.after.unwrap_or(0));
    let list = move || letters.list(id, after, limit, condition.as_ref());
    let listing = elsewhere(list).await?.map_err(refused)?;
    let items = listing.items.iter().map(|found| describe(&wiring, plan, found)).collect();
    Ok(answer::list(items, listing.next.map(|next| next.to_string())))
}

/// One dead letter, by the id that the message had before it was given up.
pub(crate) async fn show(
    State(host): State<Arc<Host>>,
    Path((subscription, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (place, plan) = named(&wiring, &subscription)?;
    if plan.dead_letter.is_none() {
        return Err(refused(DeadLetterError::NoDeadLetterTopic(plan.name.clone())));
    }
    let id: MessageId = id.parse().map_err(|error| Problem::malformed(format!("{error}")))?;
    let letters = host.app.dead_letters.clone();
    let found = elsewhere(move || letters.find(place, id)).await?;
    let missing = || format!("subscription `{subscription}` has no dead letter of message `{id}`");
    let found = found.ok_or_else(|| Problem::unknown("dead letter", missing()))?;
    Ok(answer::document(&describe(&wiring, plan, &found)))
}

fn condition(text: &str) -> Result<Condition, Problem> {
    Condition::parse(text).map_err(|error| Problem::malformed(format!("`where`: {error}")))
}

fn describe(wiring: &Wiring, plan: &SubscriptionPlan, found: &Found) -> Value {
    let topic = plan.dead_letter.and_then(|place| topic_name(wiring, wiring.topic(place)));
    let message = MessageJson::new(found.letter.get(0), topic.unwrap_or_default());
    // A struct of strings and numbers always has a JSON form.
    serde_json::to_value(message).unwrap_or_default()
}

fn refused(error: DeadLetterError) -> Problem {
    let detail = error.to_string();
    match error {
        DeadLetterError::NoDeadLetterTopic(_) => Problem::conflict("no-dead-letters", detail),
        DeadLetterError::JobRunning => Problem::conflict("redrive-running", detail),
        DeadLetterError::PayloadNeedsOneId => Problem::malformed(format!("`payload`: {detail}")),
        DeadLetterError::PayloadTooLarge { .. } => Problem::too_large(detail),
        DeadLetterError::Condition(_) | DeadLetterError::TooSlow(_) => {
            Problem::malformed(format!("`where`: {detail}"))
        }
        DeadLetterError::Ended(_) => Problem::busy("journal-ended", detail),
        DeadLetterError::Closed => Problem::busy("stopping", detail),
    }
}
