//! The built-in producers.

use std::path::PathBuf;

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
    /// JSON pointer to the dedup id in the payload; only where the topic has [`TopicPlan::dedup`].
    ///
    /// [`TopicPlan::dedup`]: crate::TopicPlan::dedup
    pub dedup_from: Option<String>,
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
        /// Whether a file that changed since it was left is read from its start; else it is refused.
        from_start: bool,
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
    /// One message each time the clock says so.
    Schedule {
        /// When, in UTC: a cron expression that `millstream_formats::Cron` reads.
        cron: String,
        /// What to publish; without it the source writes `{"source":NAME,"at":TIME}`.
        payload: Option<String>,
        /// The key of each message.
        key: Option<String>,
        /// The headers of each message, by name and value.
        headers: Vec<(String, String)>,
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
