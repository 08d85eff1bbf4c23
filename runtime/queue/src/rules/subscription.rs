//! What a subscription is told to do.

use std::time::Duration;

use millstream_message::TopicId;

use crate::codec::{Codec, Malformed, codec_enum, codec_struct};

/// The rules of one subscription.
#[derive(Clone, Debug, PartialEq)]
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
    /// What keeps messages in order.
    pub ordering: Ordering,
    /// What follows a dead letter under an ordering.
    pub on_dead_letter: OnDeadLetter,
    /// What becomes of a message that is too old.
    pub expired: Expired,
    /// Deliveries in a time; none: as fast as the workers are.
    pub rate: Option<RateRules>,
    /// The plugin that handles its messages, by name; none for a sink. Versions are swapped by it.
    pub plugin: Option<String>,
    /// Where it begins when it is new on a topic that has messages.
    pub from: StartFrom,
    /// Which state of these rules this is. The core counts it: what was judged by other rules is
    /// judged again.
    pub revision: u64,
}

/// Where a subscription begins that is new on a topic that has messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartFrom {
    /// With what comes next.
    #[default]
    New,
    /// At the oldest message that the topic still has.
    Earliest,
}

/// What keeps messages in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// Nothing.
    None,
    /// At most one lease holds messages of a key; messages without a key are unordered.
    Key,
    /// As one key for all messages.
    Strict,
}

/// What follows a dead letter under an ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDeadLetter {
    /// Its key goes on.
    Continue,
    /// Its key waits until the dead letter is redriven or purged.
    ParkKey,
}

/// What becomes of a message that is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// As [`SubscriptionRules::exhausted`] says.
    DeadLetter,
    /// It is dropped and counted.
    Drop,
}

/// Deliveries in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRules {
    /// This many messages.
    pub messages: u64,
    /// In this time.
    pub per: Duration,
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

impl SubscriptionRules {
    /// A subscription with the defaults of a pipeline file, which drops what it gives up.
    #[must_use]
    pub fn new(name: &str, topic: TopicId, topic_name: &str) -> Self {
        Self {
            name: name.to_owned(),
            topic,
            topic_name: topic_name.to_owned(),
            outputs: Vec::new(),
            max_attempts: 5,
            backoff: Backoff::default(),
            exhausted: Exhausted::Drop,
            ack_deadline: Duration::from_secs(30),
            max_parked: 100_000,
            batch_messages: 256,
            batch_bytes: 4 << 20,
            batch_wait: Duration::ZERO,
            ordering: Ordering::None,
            on_dead_letter: OnDeadLetter::Continue,
            expired: Expired::DeadLetter,
            rate: None,
            plugin: None,
            from: StartFrom::New,
            revision: 0,
        }
    }

    /// Whether a dead letter of this subscription stops its key.
    #[must_use]
    pub fn parks_keys(&self) -> bool {
        self.ordering != Ordering::None && self.on_dead_letter == OnDeadLetter::ParkKey
    }
}

impl Default for Backoff {
    fn default() -> Self {
        let (initial, max) = (Duration::from_millis(100), Duration::from_secs(30));
        Self { initial, factor: 2.0, max, jitter: 0.2 }
    }
}

codec_enum!(Ordering { None = 1, Key = 2, Strict = 3 });
codec_enum!(StartFrom { New = 1, Earliest = 2 });
codec_enum!(OnDeadLetter { Continue = 1, ParkKey = 2 });
codec_enum!(Expired { DeadLetter = 1, Drop = 2 });

codec_struct!(RateRules { messages, per });
codec_struct!(Backoff { initial, factor, max, jitter });

codec_struct!(SubscriptionRules {
    name,
    topic,
    topic_name,
    outputs,
    max_attempts,
    backoff,
    exhausted,
    ack_deadline,
    max_parked,
    batch_messages,
    batch_bytes,
    batch_wait,
    ordering,
    on_dead_letter,
    expired,
    rate,
    plugin,
    from,
    revision,
});

impl Codec for Exhausted {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::DeadLetter(topic) => Some(*topic),
            Self::Drop => None,
        }
        .put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        Ok(Option::<TopicId>::get(from)?.map_or(Self::Drop, Self::DeadLetter))
    }
}
