//! The queues.

use std::time::Duration;

/// One named queue and its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicPlan {
    /// Unique among the topics.
    pub name: String,
    /// Who gets a copy.
    pub kind: TopicKind,
    /// How many unsettled messages make the topic full.
    pub max_messages: u64,
    /// How many resident bytes make the topic full.
    pub max_bytes: u64,
    /// Largest payload of one message, in bytes.
    pub max_message: u64,
    /// How long a publish waits for room before it is refused.
    pub publish_timeout: Duration,
    /// What a publish to the full topic does; always [`WhenFull::Block`] on a dead-letter topic.
    pub when_full: WhenFull,
    /// How long settled messages are kept; zero keeps none.
    pub retain: Duration,
    /// Drops repeated publishes; `None` takes each one.
    pub dedup: Option<DedupPlan>,
    /// How long a message stays invisible that does not say so itself; zero for not at all.
    pub delay: Duration,
    /// How long after its publish a message is given up that does not say so itself; longer than
    /// `delay`.
    pub expires_in: Option<Duration>,
}

/// Who gets a message of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicKind {
    /// Every subscription gets its own copy.
    Event,
    /// Exactly one subscription handles it.
    Command,
    /// Kept until redriven, purged or expired, whoever reads it.
    DeadLetter,
}

/// What a publish to a full topic does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits for room, at most [`TopicPlan::publish_timeout`].
    Block,
    /// It is refused at once.
    Reject,
    /// The oldest messages that nobody has leased give way to it.
    DropOldest,
}

/// Which repeated publishes are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DedupPlan {
    /// How long an id is remembered, from its publish on.
    pub window: Duration,
    /// How many ids are remembered; a publish that would exceed them is refused.
    pub max_ids: u64,
}
