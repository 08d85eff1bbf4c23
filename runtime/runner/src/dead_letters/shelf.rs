//! Where one subscription's dead letters lie.

use std::sync::Arc;
use std::time::Duration;

use millstream_formats::Subject;
use millstream_message::{Batch, Message, SubscriptionId, TopicId};
use millstream_queue::{Broker, Letter, MAX_STEP_MESSAGES};

use super::error::DeadLetterError;
use super::restored::told;
use super::selection::Wanted;
use crate::wiring::Wiring;

/// Letters that are asked a condition before others get their turn: one answer may take a while.
const ASKED_MAX: usize = 64;

/// How long letters are asked before others get their turn, one answer more or less.
const ASKING_MAX: Duration = Duration::from_millis(20);

/// Most bytes of one page; the letter that passes it is still in it. A page that is put back is
/// copied as a whole.
const PAGE_BYTES_MAX: usize = 16 << 20;

/// How long one listing may look for letters, whatever its condition costs.
const LIST_TIME_MAX: Duration = Duration::from_millis(500);

/// Most messages that one listing looks at.
const LIST_MESSAGES_MAX: u64 = 16 * MAX_STEP_MESSAGES as u64;

/// Most bytes of one listing; the letter that passes it is still in it. Keeps a page of large
/// payloads from taking all memory.
const LIST_BYTES_MAX: usize = 16 << 20;

/// A dead letter, and where it is in its topic.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its sequence number.
    pub sequence: u64,
    /// The letter, as a batch of one.
    pub letter: Batch,
}

/// A part of a subscription's dead letters.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Oldest first.
    pub items: Vec<Found>,
    /// Where to go on; none at the end.
    pub next: Option<u64>,
}

/// Sequence numbers that are still to be looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Range {
    from: u64,
    below: u64,
}

impl Range {
    /// All below a sequence number.
    pub(super) fn below(below: u64) -> Self {
        Self { from: 0, below }
    }

    /// Where it ends.
    pub(super) fn end(self) -> u64 {
        self.below
    }

    pub(super) fn is_empty(self) -> bool {
        self.from >= self.below
    }
}

/// The dead letters of one subscription.
pub(super) struct Shelf {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) id: SubscriptionId,
    pub(super) subscription: String,
    /// Largest payload of one message of the subscription's topic, in bytes.
    pub(super) message_max: u64,
    topic: TopicId,
    topic_name: String,
}

impl Shelf {
    pub(super) fn of(
        broker: &Arc<dyn Broker>,
        wiring: &Wiring,
        id: SubscriptionId,
    ) -> Result<Self, DeadLetterError> {
        let (plan, one) = (wiring.plan(), wiring.subscription_plan(id));
        let name = one.map(|one| one.name.clone()).unwrap_or_default();
        let found = one.and_then(|one| Some((one, one.dead_letter?)));
        let (one, topic) = found.ok_or(DeadLetterError::NoDeadLetterTopic(name))?;
        Ok(Self {
            broker: Arc::clone(broker),
            id,
            subscription: one.name.clone(),
            message_max: plan.topics[one.topic].max_message,
            topic: wiring.topic(topic),
            topic_name: plan.topics[topic].name.clone(),
        })
    }

    /// Whether the subscription was removed while the host runs.
    pub(super) fn is_gone(&self) -> bool {
        self.broker.generation(self.id).is_none()
    }

    /// All that the topic holds now, however fast more comes in.
    pub(super) fn all(&self) -> Range {
        let topics = self.broker.figures().topics;
        let below = topics.get(self.topic.0 as usize).map_or(0, |topic| topic.published);
        Range::below(below)
    }

    /// As [`super::DeadLetters::list`].
    pub(super) fn list(
        &self,
        after: u64,
        limit: usize,
        wanted: &Wanted,
    ) -> Result<Listing, DeadLetterError> {
        let began = self.broker.now().monotonic;
        let mut range = Range { from: after, ..self.all() };
        let mut items: Vec<Found> = Vec::new();
        let mut bytes = 0;
        while !range.is_empty() && items.len() < limit {
            let found = self.page(&mut range, wanted)?;
            for one in found {
                bytes += one.letter.bytes();
                items.push(one);
                if items.len() >= limit || bytes >= LIST_BYTES_MAX {
                    break;
                }
            }
            let spent = self.broker.now().monotonic.saturating_sub(began);
            let looked_at = range.from.saturating_sub(after);
            let enough = bytes >= LIST_BYTES_MAX || looked_at >= LIST_MESSAGES_MAX;
            if enough || spent >= LIST_TIME_MAX {
                break;
            }
        }
        let filled = items.len() >= limit || bytes >= LIST_BYTES_MAX;
        let last = items.last().filter(|_| filled).map(|last| last.sequence + 1);
        let next = last.unwrap_or(range.from);
        Ok(Listing { items, next: Some(next).filter(|&next| next < range.below) })
    }

    /// The letters that are meant among the next messages of `range`, which begins after them from
    /// then on.
    pub(super) fn page(
        &self,
        range: &mut Range,
        wanted: &Wanted,
    ) -> Result<Vec<Found>, DeadLetterError> {
        let messages = match wanted {
            Wanted::Where(_) => ASKED_MAX,
            Wanted::Ids(_) | Wanted::All => MAX_STEP_MESSAGES,
        };
        let began = self.broker.now().monotonic;
        let page = self.broker.browse(self.topic, range.from, messages);
        let (mut found, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
        for part in &page.parts {
            for (i, sequence) in (0..part.batch.len()).zip(part.first..range.below) {
                let spent = self.broker.now().monotonic.saturating_sub(began);
                let enough = bytes >= PAGE_BYTES_MAX || spent >= ASKING_MAX;
                if enough && looked_at > 0 {
                    range.from = sequence;
                    return Ok(found);
                }
                looked_at += 1;
                if self.is_meant(part.batch.get(i), wanted)? {
                    let letter = part.batch.slice(i..i + 1);
                    bytes += letter.bytes();
                    found.push(Found { sequence, letter });
                }
            }
        }
        range.from = page.next.unwrap_or(range.below);
        Ok(found)
    }

    /// The letter as the broker wants it.
    pub(super) fn letter(&self, found: &Found, message: Batch) -> Letter {
        let id = found.letter.get(0).id();
        Letter { topic: self.topic, sequence: found.sequence, id, message, stored: None }
    }

    fn is_meant(&self, letter: Message<'_>, wanted: &Wanted) -> Result<bool, DeadLetterError> {
        if !wanted.names(&letter.id()) || !self.owns(letter) {
            return Ok(false);
        }
        wanted.meets(letter, &Subject { topic: &self.topic_name })
    }

    fn owns(&self, letter: Message<'_>) -> bool {
        told(letter, "subscription") == Some(&self.subscription)
    }
}
