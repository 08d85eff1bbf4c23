//! `topics:` — the queues.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::forms::{Bytes, Count, Period};

/// One queue.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    /// `event`: every subscription gets its own copy. `command`: exactly one subscription handles
    /// it. `dead_letter`: kept until redriven, purged or expired.
    #[schemars(required)]
    pub(crate) kind: Option<Kind>,
    /// How many unsettled messages make the topic full. Default 1_000_000.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub(crate) max_messages: Option<Count>,
    /// How many bytes make the topic full. Default 1GiB.
    pub(crate) max_bytes: Option<Bytes>,
    /// Largest payload of one message. Default 1MiB.
    pub(crate) max_message: Option<Bytes>,
    /// How long a publish waits for room. Default 5s.
    pub(crate) publish_timeout: Option<Period>,
    /// What a publish to a full topic does: `block` (default) waits for room, `reject` is refused at
    /// once, `drop_oldest` takes the oldest messages' place.
    pub(crate) when_full: Option<WhenFull>,
    /// How long settled messages are kept for `tap`, `seek` and `from: earliest`. Default 0.
    pub(crate) retain: Option<Period>,
    /// Drops repeated publishes. Absent, each one counts.
    pub(crate) dedup: Option<Dedup>,
    /// How long messages stay invisible that do not say so themselves. Default 0.
    pub(crate) delay: Option<Period>,
    /// After which time messages are given up that do not say so themselves; longer than `delay`.
    /// Absent, they wait for ever.
    pub(crate) expires_in: Option<Period>,
}

impl Topic {
    /// Whether settled messages are kept for a while.
    pub(crate) fn retains(&self) -> bool {
        self.retain.is_some_and(|Period(retain)| !retain.is_zero())
    }
}

/// Who gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Kind {
    Event,
    Command,
    DeadLetter,
}

/// What a publish to a full topic does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum WhenFull {
    Block,
    Reject,
    DropOldest,
}

/// Drops repeated publishes within a window.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dedup {
    /// How long an id is remembered.
    #[schemars(required)]
    pub(crate) window: Option<Period>,
    /// How many ids are remembered; a publish beyond is refused. Default 1_000_000.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub(crate) max_ids: Option<Count>,
}
