//! What `publish` takes.

use std::path::PathBuf;

use clap::Args;

use super::forms::name_and_value;

/// `publish`.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The topic.
    pub(crate) topic: String,
    #[command(flatten)]
    pub(crate) body: PublishBody,
    /// The key of every message.
    #[arg(long, conflicts_with = "key_from")]
    pub(crate) key: Option<String>,
    /// Where in each payload the key is: a JSON pointer, such as /customer.
    #[arg(long, value_name = "POINTER")]
    pub(crate) key_from: Option<String>,
    /// A header of every message; may be repeated.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) headers: Vec<(String, String)>,
    /// How long the messages stay invisible, such as 30s.
    #[arg(long, value_name = "DURATION")]
    pub(crate) delay: Option<String>,
    /// The producer's own id: a topic with `dedup` takes it once. Of several messages each gets
    /// its own, made of ID and its place.
    #[arg(long, value_name = "ID", conflicts_with = "dedup_from")]
    pub(crate) dedup_id: Option<String>,
    /// Where in each payload the producer's own id is: a JSON pointer.
    #[arg(long, value_name = "POINTER")]
    pub(crate) dedup_from: Option<String>,
    /// How old the messages may become before they are given up, such as 10m.
    #[arg(long, value_name = "DURATION")]
    pub(crate) expires_in: Option<String>,
}

/// What to publish: exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PublishBody {
    /// This text, as one message.
    #[arg(long, value_name = "TEXT")]
    pub(crate) data: Option<String>,
    /// A file, as one message.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// A file of one JSON document a line, each a message; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) ndjson: Option<PathBuf>,
}
