//! What is meant: defaults filled in, references resolved to indexes, every rule kept.

use std::path::PathBuf;
use std::time::Duration;

/// A pipeline that may run: [`Draft::check`](crate::Draft::check) makes one only of a file without errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The pipeline's name; output ids are derived from it.
    pub name: String,
    /// In the order of the file; other parts name a topic by its index here.
    pub topics: Vec<TopicPlan>,
    /// In the order of the file; subscriptions name a plugin by its index here.
    pub plugins: Vec<PluginPlan>,
    /// In the order of the file.
    pub sources: Vec<SourcePlan>,
    /// In the order of the file.
    pub subscriptions: Vec<SubscriptionPlan>,
}

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

/// One plugin: where it is, what it is told, what it may use up.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginPlan {
    /// Unique among the plugins.
    pub name: String,
    /// Where the component is found.
    pub source: ComponentSource,
    /// The plugin's own configuration: always a JSON object.
    pub config: serde_json::Value,
    /// What a call may use up.
    pub limits: Limits,
}

/// Where a component is found; the caller opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentSource {
    /// A plugin folder: `build/NAME.wasm` in it, NAME as its `plugin.toml` says.
    Folder(PathBuf),
    /// The `.wasm` file itself.
    File(PathBuf),
}

/// What one call of a plugin may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time for a call of one message.
    pub timeout: Duration,
    /// Time for a call of more.
    pub batch_timeout: Duration,
    /// Bytes of memory and tables of one instance.
    pub memory: u64,
    /// Bytes of output of a call of one message.
    pub output: u64,
    /// Bytes of output of a call of more.
    pub batch_output: u64,
}

/// One built-in producer.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcePlan {
    /// Unique among the sources.
    pub name: String,
    /// Index into [`Plan::topics`].
    pub topic: usize,
    /// Where the messages come from.
    pub connector: SourceConnector,
    /// JSON pointer to the key in the payload.
    pub key_from: Option<String>,
}

/// Where a source's messages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceConnector {
    /// The lines of a file.
    File {
        /// The file, with the pipeline file's folder already in front.
        path: PathBuf,
        /// What a line is.
        format: Format,
    },
    /// The lines of standard input.
    Stdin {
        /// What a line is.
        format: Format,
    },
    /// Publishes over HTTP.
    Http {
        /// The path on the host's address, from its `/` on.
        path: String,
    },
}

/// What a line of input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON document.
    Ndjson,
    /// One opaque payload.
    Lines,
}

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
    /// How messages are gathered for one call.
    pub batch: BatchPlan,
    /// How long a lease lasts without renewal.
    pub ack_deadline: Duration,
    /// What follows a failure.
    pub retry: RetryPlan,
    /// Index of the topic for messages that will not be tried again; `None` only where the file
    /// says `on_exhausted: drop`.
    pub dead_letter: Option<usize>,
    /// How many messages may wait for a retry before the subscription's intake stops.
    pub max_parked: u64,
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
    /// Appends each payload as a line to a file.
    File {
        /// The file, with the pipeline file's folder already in front.
        path: PathBuf,
    },
    /// Writes each payload as a line to standard output.
    Stdout,
    /// Hands each message on, unchanged, to the subscription's `output`, which is always given.
    PassThrough,
}

/// How messages are gathered for one call: the first bound reached ends the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchPlan {
    /// Messages in a batch, at least 1.
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
