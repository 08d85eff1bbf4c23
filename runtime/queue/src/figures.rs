//! What topics and subscriptions count.

use millstream_message::TopicId;

/// The figures of all topics and subscriptions, by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// By [`TopicId`].
    pub topics: Vec<TopicFigures>,
    /// By [`millstream_message::SubscriptionId`].
    pub subscriptions: Vec<SubscriptionFigures>,
}

/// The figures of one topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicFigures {
    /// Messages that some subscription has not settled, plus delayed ones.
    pub depth: u64,
    /// Resident bytes of what the topic keeps.
    pub bytes: u64,
    /// Messages ever accepted.
    pub published: u64,
    /// Messages that are not visible yet.
    pub delayed: u64,
    /// Publishers that wait for room.
    pub waiting_publishers: u64,
    /// Whether the next publisher has to wait.
    pub full: bool,
}

/// The figures of one subscription.
///
/// Invariant: `offered = handled + rejected + exhausted + dropped + lag + in_flight + parked`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionFigures {
    /// Messages that wait in the topic and are nobody's.
    pub lag: u64,
    /// Messages under lease.
    pub in_flight: u64,
    /// Failed messages that wait for their retry.
    pub parked: u64,
    /// Messages that the topic ever offered.
    pub offered: u64,
    /// Messages handled.
    pub handled: u64,
    /// Deliveries of messages that failed.
    pub failed: u64,
    /// Messages dead-lettered because the handler refused them.
    pub rejected: u64,
    /// Messages dead-lettered because their attempts were used up.
    pub exhausted: u64,
    /// Messages dropped because their attempts were used up and the rules say so.
    pub dropped: u64,
    /// The full topic that stops deliveries.
    pub blocked_by: Option<TopicId>,
}

impl SubscriptionFigures {
    /// Messages moved to the dead-letter topic, for whatever reason.
    #[must_use]
    pub fn dead_lettered(&self) -> u64 {
        self.rejected + self.exhausted
    }

    /// Messages that are neither handled nor given up.
    #[must_use]
    pub fn live(&self) -> u64 {
        self.lag + self.in_flight + self.parked
    }
}
