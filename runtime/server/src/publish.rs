//! Publishing: the body of a request becomes messages of a topic, all of them or none.

mod accepted;
mod declared;
mod form;
mod messages;

use std::sync::Arc;

use axum::body::BodyDataStream;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use millstream_formats::Stamp;
use millstream_message::TopicId;
use millstream_pipeline::{Plan, SourceConnector, SourcePlan, TopicKind, TopicPlan};
use millstream_queue::{Duplicate, Publication, PublishError};
use millstream_runner::Wiring;
use percent_encoding::percent_decode_str;

use self::accepted::Accepted;
use self::declared::Declared;
use self::messages::{Messages, Pointers, Reader};
use crate::app::{Host, topic as named};
use crate::blocking::elsewhere;
use crate::body::{self, Share};
use crate::extract::Path;
use crate::problem::Problem;

/// Bodies up to this long are read where they arrive; longer ones would hold up other requests
/// and are read on a thread for blocking work.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// Publishes to the topic that the path names.
pub(crate) async fn to_topic(
    State(host): State<Arc<Host>>,
    Path(topic): Path<String>,
    request: Request,
) -> Response {
    publish(&host, &topic, Pointers::default(), request).await
}

/// The http source whose path this is; `path` as the request has it, percent-encoded.
pub(crate) fn source_at<'a>(plan: &'a Plan, path: &str) -> Option<&'a SourcePlan> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    plan.sources.iter().find(|source| match &source.connector {
        SourceConnector::Http { path: own } => *own == path,
        SourceConnector::File { .. }
        | SourceConnector::Stdin { .. }
        | SourceConnector::Schedule { .. } => false,
    })
}

/// Publishes as [`to_topic`] does, to the topic of `source`.
pub(crate) async fn through_source(
    host: &Arc<Host>,
    plan: &Plan,
    source: &SourcePlan,
    request: Request,
) -> Response {
    let topic = &plan.topics[source.topic].name;
    let pointers =
        Pointers { key_from: source.key_from.as_deref(), dedup_from: source.dedup_from.as_deref() };
    publish(host, topic, pointers, request).await
}

async fn publish(
    host: &Arc<Host>,
    topic: &str,
    pointers: Pointers<'_>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    match accept(host, topic, pointers, &parts, &mut body).await {
        Ok(accepted) => accepted.into_response(),
        Err(problem) => {
            body::discard(&parts.headers, &mut body).await;
            problem.into_response()
        }
    }
}

/// Everything that can be refused without the body is refused before it is read.
async fn accept(
    host: &Arc<Host>,
    topic: &str,
    pointers: Pointers<'_>,
    parts: &Parts,
    body: &mut BodyDataStream,
) -> Result<Accepted, Problem> {
    let wiring = host.wiring();
    let (id, topic) = open_topic(host, &wiring, topic)?;
    let form = form::of(&parts.uri, &parts.headers)?;
    let declared = Declared::read(&parts.headers)?;
    let reader = Reader::new(form, declared, pointers, topic)?;
    let received = body::receive(&parts.headers, body, &host.request_bytes).await?;
    let stamp = Stamp { unix_ms: host.app.broker.now().wall_ms, random: (host.app.random)() };
    let length = received.bytes.len();
    let read = move || reader.read(&received.bytes, stamp);
    let messages = if length <= INLINE_BYTES_MAX { read() } else { elsewhere(read).await? };
    let Messages { ids, publication, named, skipped_empty } = messages?;
    let duplicates = commit(host, id, &topic.name, publication, received.share).await?;
    let durability = host.app.broker.durability();
    let dedup_ignored = named && topic.dedup.is_none();
    Ok(Accepted::new(ids, &duplicates, skipped_empty, dedup_ignored, durability))
}

/// The topic called `name`, if it takes messages from outside now.
fn open_topic<'a>(
    host: &Host,
    wiring: &'a Wiring,
    name: &str,
) -> Result<(TopicId, &'a TopicPlan), Problem> {
    if host.stopping.is_cancelled() {
        return Err(Problem::busy("stopping", "the host is shutting down: nothing was accepted"));
    }
    let (id, topic) = named(wiring, name)?;
    if topic.kind == TopicKind::DeadLetter {
        let detail = format!("`{name}` is a dead-letter topic: only the host writes to it");
        return Err(Problem::conflict("dead-letter-topic", detail));
    }
    Ok((id, topic))
}

/// Hands the messages to the broker, in a task of its own: a client that leaves while its
/// messages wait for room takes neither them back nor its share of the memory. Answers which of them
/// were repeats.
async fn commit(
    host: &Host,
    id: TopicId,
    topic: &str,
    publication: Publication,
    share: Share,
) -> Result<Vec<Duplicate>, Problem> {
    if publication.is_empty() {
        return Ok(Vec::new());
    }
    let broker = Arc::clone(&host.app.broker);
    let published = host.in_hand.spawn(async move {
        let published = broker.publish(id, publication).await;
        drop(share);
        published
    });
    match published.await {
        Ok(published) => published.map_err(|error| refused(topic, &error)),
        Err(_) => Err(Problem::internal("publishing failed: see the host's log")),
    }
}

fn refused(topic: &str, error: &PublishError) -> Problem {
    let detail = format!("topic `{topic}`: {error}");
    match error {
        PublishError::Full { .. } => Problem::busy("topic-full", detail),
        PublishError::Rejected => Problem::too_many("topic-full", detail),
        PublishError::DedupFull => Problem::busy("dedup-full", detail),
        PublishError::TooLarge => Problem::too_large(detail),
        PublishError::Unknown => Problem::unknown("topic", detail),
        PublishError::DiskFull { .. } => Problem::busy("disk-full", detail),
        PublishError::Ended(_) => Problem::busy("journal-ended", detail),
        PublishError::Stopped => Problem::busy("stopping", detail),
    }
}

#[cfg(test)]
mod tests;
