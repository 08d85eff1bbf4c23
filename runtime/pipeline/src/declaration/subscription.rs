//! `subscriptions:` — who reads which topic, and the rules of delivery.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Free, Nothing};
use crate::forms::{Bytes, Count, Period};

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
    /// `none` (default). `key` and `strict` are not available yet.
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
    /// What follows a dead letter under an ordering: `continue` (default). `park_key` is not available yet.
    pub(crate) on_dead_letter: Option<OnDeadLetter>,
    /// How many messages may wait for a retry before intake stops. Default 100_000.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub(crate) max_parked: Option<Count>,
    /// Where a new subscription starts: `new` (default). `earliest` is not available yet.
    pub(crate) from: Option<From>,
    /// Deliveries in a time, such as `500/s`. Not available yet.
    pub(crate) rate_limit: Option<String>,
    /// Which messages to handle at all. Not available yet.
    pub(crate) filter: Option<String>,
}

/// Exactly one built-in consumer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sink {
    /// Appends each payload as a line to a file.
    pub(crate) file: Option<FileSink>,
    /// Writes each payload as a line to standard output.
    pub(crate) stdout: Option<Nothing>,
    /// Hands each message on, unchanged, to the subscription's `output`.
    pub(crate) pass_through: Option<Nothing>,
    /// To a web hook. Not available yet.
    pub(crate) http: Option<Free>,
    /// To NATS. Not available yet.
    pub(crate) nats: Option<Free>,
    /// To RabbitMQ. Not available yet.
    pub(crate) rabbitmq: Option<Free>,
    /// To Kafka. Not available yet.
    pub(crate) kafka: Option<Free>,
    /// To Redis. Not available yet.
    pub(crate) redis: Option<Free>,
}

/// A file that grows by one line a message.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileSink {
    /// The file; relative paths start at the pipeline file's folder.
    #[schemars(required, length(min = 1))]
    pub(crate) path: Option<String>,
}

/// How messages are gathered for one call: the first bound reached ends the batch.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// Messages in a batch. Default 256.
    #[schemars(range(min = 1, max = 65_536))]
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
pub(crate) enum From {
    New,
    Earliest,
}
