//! Who reads which topic, and the rules of delivery.

use std::path::PathBuf;
use std::time::Duration;

/// One named position in a topic, and the rules for delivering from it.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriptionPlan {
    /// Unique among the subscriptions; output ids are derived from it.
    pub name: String,
    /// Index into [`Plan::topics`].
    pub topic: usize,
    /// Who handles the messages.
    pub consumer: Consumer,
    /// Index of the topic of outputs that name none.
    pub output: Option<usize>,
    /// Indexes of the further topics that outputs may name, without repeats and without `output`.
    pub routes: Vec<usize>,
    /// How many workers compete for the messages.
    pub concurrency: u32,
    /// In which order messages are handled.
    pub ordering: Ordering,
    /// How messages are gathered for one call.
    pub batch: BatchPlan,
    /// How long a lease lasts without renewal.
    pub ack_deadline: Duration,
    /// What follows a failure.
    pub retry: RetryPlan,
    /// Index of the topic for messages that will not be tried again; `None` only where the file
    /// says `on_exhausted: drop`.
    pub dead_letter: Option<usize>,
    /// What follows a dead letter.
    pub on_dead_letter: OnDeadLetter,
    /// What happens to a message whose time has passed.
    pub on_expired: OnExpired,
    /// How many messages may wait for a retry before the subscription's intake stops.
    pub max_parked: u64,
    /// Where the subscription starts when it is new.
    pub from: StartFrom,
    /// How many messages may be delivered in a time; `None` for as many as there are.
    pub rate_limit: Option<RateLimit>,
    /// Which messages are handled: a condition that `millstream_formats::Condition` reads.
    pub filter: Option<String>,
}

/// In which order a subscription's messages are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// In any order.
    None,
    /// One key's messages one after the other.
    Key,
    /// All messages one after the other.
    Strict,
}

/// What follows a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDeadLetter {
    /// The next message of its key is handled.
    Continue,
    /// Its key waits until the dead letter is redriven or purged; only under an ordering.
    ParkKey,
}

/// What happens to a message whose time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExpired {
    /// It becomes a dead letter; only where the subscription has a dead-letter topic.
    DeadLetter,
    /// It is gone.
    Drop,
}

/// Where a new subscription starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartFrom {
    /// At what is published from now on.
    New,
    /// At the oldest message that the topic has kept.
    Earliest,
}

/// How many messages may be delivered in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// At least 1.
    pub messages: u64,
    /// A second, a minute or an hour.
    pub per: Duration,
}

/// Who handles a subscription's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consumer {
    /// Index into [`Plan::plugins`].
    Plugin(usize),
    /// A built-in consumer.
    Sink(SinkConnector),
}

/// A built-in consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkConnector {
    /// Appends a line a message to a file.
    File {
        /// The file, with the pipeline file's folder already in front.
        path: PathBuf,
        /// Whether a line is the whole message as JSON, with its id, instead of the payload.
        whole: bool,
    },
    /// Writes each payload as a line to standard output.
    Stdout,
    /// Hands each message on, unchanged, to the subscription's `output`, which is always given.
    PassThrough,
    /// Posts each message to a web hook.
    Http {
        /// Where to: an absolute URL, `http` or `https`.
        url: String,
        /// How long one request may take.
        timeout: Duration,
        /// Headers of each request, by name and value; both can be sent as they are.
        headers: Vec<(String, String)>,
    },
}

/// How messages are gathered for one call: the first bound reached ends the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchPlan {
    /// Messages in a batch, 1 to 1,024.
    pub max_messages: u32,
    /// Bytes in a batch.
    pub max_bytes: u64,
    /// How long a free worker waits for the batch to fill; zero takes what is there.
    pub max_wait: Duration,
}

/// What follows a failure: the wait before try `n + 1` is `initial * factor^(n-1)`, at most `max`.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPlan {
    /// Failures until the message is exhausted, at least 1.
    pub max_attempts: u32,
    /// The wait after the first failure.
    pub initial: Duration,
    /// What each further wait is multiplied by, at least 1.
    pub factor: f64,
    /// The longest wait.
    pub max: Duration,
    /// The share of a wait that is random, 0 to 1.
    pub jitter: f64,
}
