//! What a topic and a subscription are told to do: the plan's part that the core needs.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::TopicId;

use crate::codec::{Codec, Malformed, codec_enum, codec_struct};

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
#[derive(Clone, Debug, PartialEq)]
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
    /// What a publish to the full topic meets.
    pub when_full: WhenFull,
    /// How long settled messages are kept, as long as there is room.
    pub retain: Duration,
    /// Drops repeats of a publish.
    pub dedup: Option<DedupRules>,
    /// How long messages stay invisible that name no delay of their own.
    pub delay: Duration,
    /// The age at which messages are given up that name none of their own.
    pub expires_in: Option<Duration>,
}

/// What a publish to a full topic meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits in line.
    Block,
    /// It is refused at once.
    Reject,
    /// The oldest messages that nobody has under lease make way.
    DropOldest,
}

/// How repeats of a publish are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DedupRules {
    /// How long a dedup id is remembered: wall clock.
    pub window: Duration,
    /// Ids remembered at most; at the bound publishes with a new id are refused.
    pub ids_max: u64,
}

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

/// The keys that a version on trial gets, in percent of all: always the same ones for the same
/// number, and those of a smaller number among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u8);

/// An inclusive range of key hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Lowest hash.
    pub first: u64,
    /// Highest hash.
    pub last: u64,
}

impl TopicRules {
    /// A topic that blocks when full and does nothing else of its own accord.
    #[must_use]
    pub fn new(name: &str, kind: TopicKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            max_messages: 1_000_000,
            max_bytes: 1 << 30,
            publish_timeout: Duration::from_secs(5),
            when_full: WhenFull::Block,
            retain: Duration::ZERO,
            dedup: None,
            delay: Duration::ZERO,
            expires_in: None,
        }
    }
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

impl Share {
    /// All keys.
    pub const ALL: Self = Self(100);

    /// So many percent of the keys: 1 to 100.
    #[must_use]
    pub fn percent(percent: u8) -> Option<Self> {
        (1..=100).contains(&percent).then_some(Self(percent))
    }

    /// The percentage.
    #[must_use]
    pub fn as_percent(self) -> u8 {
        self.0
    }

    /// The hashes of the keys in the share.
    #[must_use]
    pub fn keys(self) -> KeyRange {
        let last = if self == Self::ALL { u64::MAX } else { u64::MAX / 100 * u64::from(self.0) };
        KeyRange { first: 0, last }
    }

    /// The hashes of all other keys; none where there are no others.
    #[must_use]
    pub fn rest(self) -> Option<KeyRange> {
        let first = self.keys().last.checked_add(1)?;
        Some(KeyRange { first, last: u64::MAX })
    }
}

impl KeyRange {
    /// Every key.
    pub const ALL: Self = Self { first: 0, last: u64::MAX };

    /// What lies in both ranges; none when nothing does.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }

    /// Whether `hash` lies in the range.
    #[must_use]
    pub fn contains(&self, hash: u64) -> bool {
        (self.first..=self.last).contains(&hash)
    }
}

codec_enum!(TopicKind { Event = 1, Command = 2, DeadLetter = 3 });
codec_enum!(WhenFull { Block = 1, Reject = 2, DropOldest = 3 });
codec_enum!(Ordering { None = 1, Key = 2, Strict = 3 });
codec_enum!(StartFrom { New = 1, Earliest = 2 });
codec_enum!(OnDeadLetter { Continue = 1, ParkKey = 2 });
codec_enum!(Expired { DeadLetter = 1, Drop = 2 });
codec_struct!(DedupRules { window, ids_max });
codec_struct!(RateRules { messages, per });
codec_struct!(Backoff { initial, factor, max, jitter });
codec_struct!(Handler { name, digest });
codec_struct!(KeyRange { first, last });
codec_struct!(TopicRules {
    name,
    kind,
    max_messages,
    max_bytes,
    publish_timeout,
    when_full,
    retain,
    dedup,
    delay,
    expires_in,
});
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

impl Codec for Share {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        Self::percent(u8::get(from)?).ok_or(Malformed("no such share of the keys"))
    }
}

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
