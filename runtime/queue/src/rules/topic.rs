//! What a topic is told to do.

use std::time::Duration;

use crate::codec::{codec_enum, codec_struct};

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

codec_enum!(TopicKind { Event = 1, Command = 2, DeadLetter = 3 });
codec_enum!(WhenFull { Block = 1, Reject = 2, DropOldest = 3 });
codec_struct!(DedupRules { window, ids_max });
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
