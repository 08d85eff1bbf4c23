//! `broker:` — where messages wait.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Free, Nothing};
use crate::forms::Bytes;

/// Exactly one broker.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Broker {
    /// In memory: fast, and gone with the process. The default.
    pub(crate) memory: Option<Nothing>,
    /// In files of this machine. Not available yet.
    pub(crate) journal: Option<Journal>,
    /// On NATS JetStream. Not available yet.
    pub(crate) nats: Option<Free>,
    /// On RabbitMQ. Not available yet.
    pub(crate) rabbitmq: Option<Free>,
    /// On Kafka. Not available yet.
    pub(crate) kafka: Option<Free>,
    /// On Redis Streams. Not available yet.
    pub(crate) redis: Option<Free>,
}

/// A journal on disk.
#[expect(dead_code, reason = "checked for form only: the broker is refused")]
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    /// The folder; relative paths start at the pipeline file's folder.
    #[schemars(required, length(min = 1))]
    pub(crate) path: Option<String>,
    /// When what is written is forced to the disk: `always` (default), `interval`, `never`.
    pub(crate) sync: Option<String>,
    /// Memory for payloads before they stay on disk only. Default 256MiB.
    pub(crate) memory_budget: Option<Bytes>,
    /// Disk space kept back for settling. Default 64MiB.
    pub(crate) reserve: Option<Bytes>,
}
