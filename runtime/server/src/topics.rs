//! The topics: their figures, and emptying them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use millstream_pipeline::{TopicKind, TopicPlan};
use millstream_queue::TopicFigures;
use serde_json::{Value, json};

use crate::answer;
use crate::app::{Host, topic};
use crate::extract::Path;
use crate::problem::Problem;

/// All topics, in the order of the file.
pub(crate) async fn list(State(host): State<Arc<Host>>) -> Response {
    let figures = host.app.broker.figures().topics;
    let wiring = host.wiring();
    let items = wiring.topics().map(|(id, topic)| {
        describe(topic, &figures.get(id.0 as usize).copied().unwrap_or_default())
    });
    answer::list(items.collect(), None)
}

/// One topic.
pub(crate) async fn show(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (id, topic) = topic(&wiring, &name)?;
    let figures = host.app.broker.figures().topics;
    let figures = figures.get(id.0 as usize).copied().unwrap_or_default();
    Ok(answer::document(&describe(topic, &figures)))
}

/// Empties one topic of what waits in it and nobody has under lease.
pub(crate) async fn purge(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (id, topic) = topic(&wiring, &name)?;
    let ended = |error: millstream_queue::Ended| Problem::busy("journal-ended", error.to_string());
    let purged = host.app.broker.purge(id).await.map_err(ended)?;
    let gone = || Problem::unknown("topic", format!("`{name}` is not there any more"));
    Ok(answer::document(&json!({ "topic": topic.name, "purged": purged.ok_or_else(gone)? })))
}

fn describe(topic: &TopicPlan, figures: &TopicFigures) -> Value {
    json!({
        "name": topic.name,
        "kind": kind(topic.kind),
        "depth": figures.depth,
        "bytes": figures.bytes,
        "published": figures.published,
        "delayed": figures.delayed,
        "retained": figures.retained,
        "retained_evicted": figures.retained_evicted,
        "duplicates": figures.duplicates,
        "dedup_ids": figures.dedup_ids,
        "dropped": figures.dropped,
        "waiting_publishers": figures.waiting_publishers,
        "full": figures.full,
        "max_messages": topic.max_messages,
        "max_bytes": topic.max_bytes,
    })
}

fn kind(kind: TopicKind) -> &'static str {
    match kind {
        TopicKind::Event => "event",
        TopicKind::Command => "command",
        TopicKind::DeadLetter => "dead_letter",
    }
}
