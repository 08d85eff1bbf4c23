//! `subscriptions:` — who reads which topic, and the rules of delivery.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Sink;
use crate::forms::{Bytes, Count, Period, Rate};

/// One named position in a topic: exactly one of `plugin` and `sink`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subscription {
    /// The topic it reads.
    #[schemars(required)]
    pub(crate) topic: Option<String>,
    /// The plugin that handles the messages.
    pub(crate) plugin: Option<String>,
    /// The built-in consumer that takes the messages.
    pub(crate) sink: Option<Sink>,
    /// The topic of outputs that name none.
    pub(crate) output: Option<String>,
    /// Further topics that outputs may name.
    pub(crate) routes: Option<Vec<String>>,
    /// How many workers compete for the messages. Default 1.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) concurrency: Option<Count>,
    /// `none` (default); `key`: one key's messages one after the other, also through retries;
    /// `strict`: all of them so.
    pub(crate) ordering: Option<Ordering>,
    /// How messages are gathered for one call.
    pub(crate) batch: Option<Batch>,
    /// How long a lease lasts without renewal; longer than the plugin's `batch_timeout`. Default 30s.
    pub(crate) ack_deadline: Option<Period>,
    /// What follows a failure.
    pub(crate) retry: Option<Retry>,
    /// The topic for messages that will not be tried again.
    pub(crate) dead_letter: Option<String>,
    /// `dead_letter` (default), or `drop`: exhausted and rejected messages are gone.
    pub(crate) on_exhausted: Option<OnExhausted>,
    /// What follows a dead letter under an ordering: `continue` (default), or `park_key`: its key
    /// waits until the dead letter is redriven or purged.
    pub(crate) on_dead_letter: Option<OnDeadLetter>,
    /// `dead_letter` (default), or `drop`: a message whose `expires_in` has passed is gone. Also
    /// `drop` with `on_exhausted: drop`.
    pub(crate) on_expired: Option<OnExpired>,
    /// How many messages may wait for a retry before intake stops. Default 100_000.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub(crate) max_parked: Option<Count>,
    /// Where a new subscription starts: `new` (default), or `earliest`: at what the topic's `retain`
    /// has kept.
    pub(crate) from: Option<StartFrom>,
    /// How many messages may be delivered in a time: `500/s`, `30_000/m`, `100/h`. Absent: as many as
    /// there are.
    pub(crate) rate_limit: Option<Rate>,
    /// Which messages to handle at all: a CEL expression, such as `payload.total > 10`. The others
    /// count as settled.
    pub(crate) filter: Option<String>,
}

/// How messages are gathered for one call: the first bound reached ends the batch.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// Messages in a batch. Default 256.
    #[schemars(range(min = 1, max = 1_024))]
    pub(crate) max_messages: Option<Count>,
    /// Bytes in a batch. Default 4MiB.
    pub(crate) max_bytes: Option<Bytes>,
    /// How long a free worker waits for the batch to fill. Default 0: it takes what is there.
    pub(crate) max_wait: Option<Period>,
}

/// What follows a failure.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// Failures until a message is exhausted. Default 5.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) max_attempts: Option<Count>,
    /// The waits between tries.
    pub(crate) backoff: Option<Backoff>,
}

/// The waits between tries: the first is `initial`, each further one `factor` times longer, up to `max`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backoff {
    /// The first wait. Default 100ms.
    pub(crate) initial: Option<Period>,
    /// What each further wait is multiplied by. Default 2.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) factor: Option<f64>,
    /// The longest wait. Default 30s.
    pub(crate) max: Option<Period>,
    /// The share of a wait that is random. Default 0.2.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) jitter: Option<f64>,
}

/// In which order messages are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Ordering {
    None,
    Key,
    Strict,
}

/// What happens to a message that will not be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum OnExhausted {
    DeadLetter,
    Drop,
}

/// What happens to a message whose time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum OnExpired {
    DeadLetter,
    Drop,
}

/// What happens to a key after a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum OnDeadLetter {
    Continue,
    ParkKey,
}

/// Where a new subscription starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum StartFrom {
    New,
    Earliest,
}
