//! What topics and subscriptions count.

use millstream_message::{SubscriptionId, TopicId};

use crate::core::{Tally, TrialEnd, Version};
use crate::rules::Share;

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
    /// Whether the next publisher meets a full topic.
    pub full: bool,
    /// Settled messages that are kept for a while.
    pub retained: u64,
    /// Retained messages that gave way to new ones before their time.
    pub retained_evicted: u64,
    /// Publishes that were repeats.
    pub duplicates: u64,
    /// Dedup ids that are remembered.
    pub dedup_ids: u64,
    /// Messages dropped for newer ones.
    pub dropped: u64,
}

/// The figures of one subscription, since it was created.
///
/// Invariant: `offered + redriven = handled + filtered + dead_lettered() + expired_dropped +
/// dropped + purged + live()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionFigures {
    /// Messages that wait in the topic and are nobody's.
    pub lag: u64,
    /// Messages under lease.
    pub in_flight: u64,
    /// Failed messages that wait for their retry, and those that wait behind their keys.
    pub parked: u64,
    /// Messages that the topic ever offered.
    pub offered: u64,
    /// Dead letters that came back.
    pub redriven: u64,
    /// Messages handled.
    pub handled: u64,
    /// Messages that were not for this subscription, as its filter says.
    pub filtered: u64,
    /// Deliveries of messages that failed.
    pub failed: u64,
    /// Messages dead-lettered because the handler refused them.
    pub rejected: u64,
    /// Messages dead-lettered because their attempts were used up.
    pub exhausted: u64,
    /// Messages dead-lettered because they were too old.
    pub expired: u64,
    /// Messages dead-lettered because they were under lease in too many crashes of the host.
    pub crashed: u64,
    /// Messages dropped because they were too old and the rules say so.
    pub expired_dropped: u64,
    /// Messages dropped because the rules say so: given up, or oldest in a full topic.
    pub dropped: u64,
    /// Messages purged, or passed over by a seek.
    pub purged: u64,
    /// Dead letters that each stop their key.
    pub stopped_keys: u64,
    /// Whether deliveries are stopped.
    pub paused: bool,
    /// The full topic that stops deliveries.
    pub blocked_by: Option<TopicId>,
}

impl SubscriptionFigures {
    /// Messages moved to the dead-letter topic, for whatever reason.
    #[must_use]
    pub fn dead_lettered(&self) -> u64 {
        self.rejected + self.exhausted + self.expired + self.crashed
    }

    /// Messages that are neither handled nor given up.
    #[must_use]
    pub fn live(&self) -> u64 {
        self.lag + self.in_flight + self.parked
    }

    /// Messages that came in: [`SubscriptionFigures::settled`] + [`SubscriptionFigures::live`].
    #[must_use]
    pub fn received(&self) -> u64 {
        self.offered + self.redriven
    }

    /// Messages that are gone, for whatever reason.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.handled
            + self.filtered
            + self.dead_lettered()
            + self.expired_dropped
            + self.dropped
            + self.purged
    }
}

/// A key that goes on only when its dead letter is redriven or purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedKey {
    /// The key; none under strict order, or where the message has none.
    pub key: Option<String>,
    /// The dead letter's own id.
    pub letter: millstream_message::MessageId,
}

/// The versions of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginFigures {
    /// The plugin's name.
    pub name: String,
    /// The subscriptions that it serves.
    pub subscriptions: Vec<SubscriptionId>,
    /// The version that serves; the digest is empty where nobody ever told it.
    pub serving: Version,
    /// What became of messages since that version serves, of all its subscriptions.
    pub tally: Tally,
    /// The version that served well before.
    pub previous: Option<Version>,
    /// The version on trial.
    pub trial: Option<TrialFigures>,
    /// How the last trial ended.
    pub ended: Option<TrialEnd>,
    /// Messages that wait until a trial is decided, or go on since it is.
    pub withheld: u64,
    /// Digests of the versions whose bytes are kept.
    pub kept: Vec<String>,
}

/// A version on trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialFigures {
    /// The version, and since when it is on trial.
    pub version: Version,
    /// The keys whose messages it gets.
    pub share: Share,
    /// What became of messages in the trial.
    pub tally: Tally,
    /// No more messages may wait for its end: it is to be rolled back.
    pub is_full: bool,
}
