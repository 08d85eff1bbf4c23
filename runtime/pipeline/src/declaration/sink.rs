//! `sink:` — the built-in consumers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Free, Nothing, Texts};
use crate::forms::Period;

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
    /// Posts each message to a web hook.
    pub(crate) http: Option<HttpSink>,
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
    /// What a line is: `payload` (default), or `message`, the message as JSON with its id, so that
    /// a reader can drop what was delivered again.
    pub(crate) form: Option<FileForm>,
}

/// What a line of a file sink is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum FileForm {
    Payload,
    Message,
}

/// A web hook: one request a message, with the message's id in `Idempotency-Key`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSink {
    /// Where to post, such as `https://hooks.example.com/charge`.
    #[schemars(required)]
    pub(crate) url: Option<String>,
    /// How long one request may take. Default 10s.
    pub(crate) timeout: Option<Period>,
    /// Headers of each request, such as `authorization: "Bearer ${TOKEN}"`.
    pub(crate) headers: Option<Texts>,
}
