//! `sources:` — the built-in producers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Free, Texts};
use crate::forms::Pointer;

/// One built-in producer: exactly one connector, and the topic it fills.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// The topic it publishes to.
    #[schemars(required)]
    pub(crate) topic: Option<String>,
    /// The lines of a file.
    pub(crate) file: Option<FileSource>,
    /// The lines of standard input, which cannot be resumed.
    pub(crate) stdin: Option<StdinSource>,
    /// A path of the HTTP address that takes publishes.
    pub(crate) http: Option<HttpSource>,
    /// One message each time the clock says so.
    pub(crate) schedule: Option<Schedule>,
    /// From NATS. Not available yet.
    pub(crate) nats: Option<Free>,
    /// From RabbitMQ. Not available yet.
    pub(crate) rabbitmq: Option<Free>,
    /// From Kafka. Not available yet.
    pub(crate) kafka: Option<Free>,
    /// From Redis. Not available yet.
    pub(crate) redis: Option<Free>,
    /// Where in the payload the key is: a JSON pointer, such as `/customer`.
    pub(crate) key_from: Option<Pointer>,
    /// Where in the payload the dedup id is: a JSON pointer, such as `/id`. The topic needs `dedup`.
    pub(crate) dedup_from: Option<Pointer>,
}

/// The lines of a file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileSource {
    /// The file; relative paths start at the pipeline file's folder.
    #[schemars(required, length(min = 1))]
    pub(crate) path: Option<String>,
    /// `ndjson`: each line is one JSON document. `lines`: each line is one payload, whatever it is.
    #[schemars(required)]
    pub(crate) format: Option<Format>,
    /// Beside `broker: journal` a file is read on from where it was left. Another file of that name,
    /// a shorter one, or one written over is refused, unless this is true: then it is read from its
    /// start.
    pub(crate) from_start: Option<bool>,
}

/// The lines of standard input. They cannot be read on from where they were left: what was read and
/// not yet published when the host ended is gone, whatever the broker.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StdinSource {
    /// `ndjson`: each line is one JSON document. `lines`: each line is one payload, whatever it is.
    #[schemars(required)]
    pub(crate) format: Option<Format>,
}

/// A path that takes publishes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSource {
    /// The path, such as `/orders`.
    #[schemars(required)]
    pub(crate) path: Option<String>,
}

/// One message each time the clock says so.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    /// When, in UTC: minute, hour, day of month, month, day of week, such as `*/5 * * * *`; a sixth
    /// field in front is the second.
    #[schemars(required)]
    pub(crate) cron: Option<String>,
    /// The payload, as text. Default: the name of the source and the time, as JSON.
    pub(crate) payload: Option<String>,
    /// The key.
    pub(crate) key: Option<String>,
    /// The headers.
    pub(crate) headers: Option<Texts>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Format {
    Ndjson,
    Lines,
}
