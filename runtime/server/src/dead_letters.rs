//! Browsing the dead letters of one subscription.
//!
//! Several subscriptions may share a dead-letter topic, so its messages are looked through, in
//! bounded steps, for those that name the subscription. A cursor is the sequence number of the
//! last message looked at, as text: a page may be empty and still have a next one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use millstream_formats::{DEAD_LETTER_PREFIX, MessageJson};
use millstream_message::{Message, MessageId, TopicId};
use millstream_pipeline::SubscriptionPlan;
use millstream_queue::MAX_STEP_MESSAGES;
use serde::Deserialize;
use serde_json::Value;
use tokio::task::yield_now;

use crate::answer;
use crate::app::Host;
use crate::extract::{Path, Query};
use crate::problem::Problem;

/// Dead letters on a page where the request names no limit.
const PAGE_DEFAULT: usize = 100;
/// Most dead letters on a page.
const PAGE_MAX: usize = 1_000;
/// Most bytes of messages on a page; the one that passes it is still on it. Keeps a page of large
/// payloads from taking all memory.
const PAGE_BYTES_MAX: usize = 16 << 20;
/// Most messages looked at for one page: keeps a request that finds little from going on and on.
const PAGE_SCANNED_MAX: usize = 16 * MAX_STEP_MESSAGES;

/// The parameters of a listing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    limit: Option<usize>,
    after: Option<u64>,
}

/// A page of dead letters, oldest first.
pub(crate) async fn list(
    State(host): State<Arc<Host>>,
    Path(subscription): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Problem> {
    let shelf = Shelf::of(&host, &subscription)?;
    let limit = parameters.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::malformed(format!("`limit` must be 1 to {PAGE_MAX}")));
    }
    let from = parameters.after.map_or(0, |after| after.saturating_add(1));
    let mut page = Page { shelf: &shelf, limit, items: Vec::new(), bytes: 0, scanned: 0 };
    let last = shelf.walk(from, |_, message| page.take(message)).await;
    let items = page.items;
    Ok(answer::list(items, last.map(|sequence| sequence.to_string())))
}

/// One dead letter, by the id that the message had before it was given up.
pub(crate) async fn show(
    State(host): State<Arc<Host>>,
    Path((subscription, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let shelf = Shelf::of(&host, &subscription)?;
    let id: MessageId = id.parse().map_err(|error| Problem::malformed(format!("{error}")))?;
    let wanted = id.dead_letter(shelf.subscription);
    let mut found = None;
    shelf
        .walk(0, |_, message| {
            found = (message.id() == wanted).then(|| shelf.describe(message));
            found.is_none()
        })
        .await;
    let missing = || format!("subscription `{subscription}` has no dead letter of message `{id}`");
    let found = found.ok_or_else(|| Problem::unknown("dead letter", missing()))?;
    Ok(answer::document(&found))
}

/// Where one subscription's dead letters lie.
struct Shelf<'a> {
    host: &'a Host,
    topic: TopicId,
    topic_name: &'a str,
    subscription: &'a str,
}

impl<'a> Shelf<'a> {
    fn of(host: &'a Host, subscription: &str) -> Result<Self, Problem> {
        let (_, plan) = host.subscription(subscription)?;
        let topic = dead_letter_topic(plan)?;
        let topic_name = host.topic_name(topic).unwrap_or_default();
        Ok(Self { host, topic, topic_name, subscription: &plan.name })
    }

    /// Shows `visit` the messages of the topic in order, from sequence number `from` on, for as
    /// long as it answers true. The number of the last one shown, unless it was the topic's last.
    ///
    /// It ends at what the topic held when it began, however fast more come in.
    async fn walk(
        &self,
        from: u64,
        mut visit: impl FnMut(u64, Message<'_>) -> bool,
    ) -> Option<u64> {
        let broker = &self.host.app.broker;
        let end = broker.figures().topics.get(self.topic.0 as usize).map_or(0, |one| one.published);
        let mut next = Some(from).filter(|&from| from < end);
        while let Some(from) = next {
            let page = broker.browse(self.topic, from, MAX_STEP_MESSAGES);
            for part in &page.parts {
                for (sequence, message) in (part.first..).zip(&part.batch) {
                    if !visit(sequence, message) {
                        return Some(sequence).filter(|&sequence| sequence + 1 < end);
                    }
                }
            }
            next = page.next.filter(|&next| next < end);
            yield_now().await;
        }
        None
    }

    fn owns(&self, message: Message<'_>) -> bool {
        let named = message.headers().find(|(name, _)| {
            name.strip_prefix(DEAD_LETTER_PREFIX).is_some_and(|name| name == "subscription")
        });
        named.is_some_and(|(_, subscription)| subscription == self.subscription)
    }

    fn describe(&self, message: Message<'_>) -> Value {
        // A struct of strings and numbers always has a JSON form.
        serde_json::to_value(MessageJson::new(message, self.topic_name)).unwrap_or_default()
    }
}

fn dead_letter_topic(plan: &SubscriptionPlan) -> Result<TopicId, Problem> {
    let topic = plan.dead_letter.map(|place| TopicId(place as u32));
    topic.ok_or_else(|| {
        let detail = format!("subscription `{}` has no dead-letter topic: it drops", plan.name);
        Problem::conflict("no-dead-letters", detail)
    })
}

/// A page that is being filled.
struct Page<'a> {
    shelf: &'a Shelf<'a>,
    limit: usize,
    items: Vec<Value>,
    bytes: usize,
    scanned: usize,
}

impl Page<'_> {
    /// Takes the message if it belongs here; whether there is room for more.
    fn take(&mut self, message: Message<'_>) -> bool {
        self.scanned += 1;
        if self.shelf.owns(message) {
            self.bytes += message.payload().len();
            self.items.push(self.shelf.describe(message));
        }
        self.items.len() < self.limit
            && self.bytes < PAGE_BYTES_MAX
            && self.scanned < PAGE_SCANNED_MAX
    }
}
