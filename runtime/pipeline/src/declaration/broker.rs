//! `broker:` — where messages wait.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Free, Nothing};
use crate::forms::{Bytes, Sync};

/// Exactly one broker.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Broker {
    /// In memory: fast, and gone with the process. The default.
    pub(crate) memory: Option<Nothing>,
    /// In files of this machine: what was answered outlives the process.
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
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    /// The folder; relative paths start at the pipeline file's folder.
    #[schemars(required, length(min = 1))]
    pub(crate) path: Option<String>,
    /// When what is written is forced to the disk: `always` (default) before every answer,
    /// `interval(100ms)` this often, `never` when the system pleases. A crash of the process loses
    /// nothing that was answered in any of them; a power cut does in the last two.
    pub(crate) sync: Option<Sync>,
    /// Memory for payloads; what goes beyond it waits on the disk only. Default 256MiB.
    pub(crate) memory_budget: Option<Bytes>,
    /// Disk space that publishes leave free, so that settling can go on. Default 64MiB.
    pub(crate) reserve: Option<Bytes>,
    /// Size of one file of the journal; what is handled gives its space back file by file. Default
    /// 64MiB.
    pub(crate) segment: Option<Bytes>,
}
