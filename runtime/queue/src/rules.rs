//! What a topic and a subscription are told to do: the plan's part that the core needs.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::TopicId;

/// Who gets a topic's messages, and how long they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicKind {
    /// Every subscription gets its own copy; without subscriptions nothing is kept.
    Event,
    /// One subscription's workers share the messages; they stay while there is none.
    Command,
    /// Messages stay, whoever reads them.
    DeadLetter,
}

/// The rules of one topic.
#[derive(Clone, Debug)]
pub struct TopicRules {
    /// Its name.
    pub name: String,
    /// Who gets its messages.
    pub kind: TopicKind,
    /// Messages that may wait before publishers block.
    pub max_messages: u64,
    /// Resident bytes that may wait before publishers block.
    pub max_bytes: u64,
    /// How long a publisher waits for room.
    pub publish_timeout: Duration,
}

/// The rules of one subscription.
#[derive(Clone, Debug)]
pub struct SubscriptionRules {
    /// Its name.
    pub name: String,
    /// The topic it reads.
    pub topic: TopicId,
    /// That topic's name, for dead letters.
    pub topic_name: String,
    /// Topics its handler may publish to: while one of them is full, nothing is leased.
    pub outputs: Vec<TopicId>,
    /// Failures after which a message is given up.
    pub max_attempts: u32,
    /// When a failed message is due again.
    pub backoff: Backoff,
    /// What becomes of a message that is given up.
    pub exhausted: Exhausted,
    /// How long a lease is valid.
    pub ack_deadline: Duration,
    /// Failed messages that may wait for their retry; at the bound only due ones are leased.
    pub max_parked: u64,
    /// Most messages of one lease.
    pub batch_messages: u32,
    /// Most bytes of one lease; a single larger message is still leased.
    pub batch_bytes: u64,
    /// How long the oldest waiting message may wait for the batch to fill.
    pub batch_wait: Duration,
}

/// What becomes of a message that is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// It moves to this dead-letter topic.
    DeadLetter(TopicId),
    /// It is dropped and counted.
    Drop,
}

/// Exponential backoff with jitter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Delay after the first failure.
    pub initial: Duration,
    /// What each further failure multiplies it by.
    pub factor: f64,
    /// The longest delay.
    pub max: Duration,
    /// Share of the delay that chance adds or takes: 0.2 means ±20 %.
    pub jitter: f64,
}

/// Who handles a lease's messages: what a dead letter names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Plugin or sink.
    pub name: String,
    /// The plugin's digest; empty for a sink.
    pub digest: String,
}

/// A worker's wish for messages.
#[derive(Clone, Debug)]
pub struct LeaseRequest {
    /// Which subscription it works for.
    pub subscription: millstream_message::SubscriptionId,
    /// The generation of workers it belongs to; refused once that generation is fenced.
    pub generation: u64,
    /// Only messages whose key hash lies in this range; all when none.
    pub keys: Option<KeyRange>,
    /// At most this many messages, even if the rules allow more.
    pub messages_max: u32,
    /// Who handles them.
    pub handler: Arc<Handler>,
}

/// An inclusive range of key hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Lowest hash.
    pub first: u64,
    /// Highest hash.
    pub last: u64,
}

impl KeyRange {
    /// Whether `hash` lies in the range.
    #[must_use]
    pub fn contains(&self, hash: u64) -> bool {
        (self.first..=self.last).contains(&hash)
    }
}
