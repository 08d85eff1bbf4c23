//! What the commands take that watch and steer a running host.

use clap::{Args, Subcommand, ValueEnum};

/// `tap`.
#[derive(Debug, Args)]
pub(crate) struct Tap {
    /// The topic.
    pub(crate) topic: String,
    /// End after this many messages.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Only messages with this key.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Where to begin: with what comes, or with the oldest message that the topic keeps.
    #[arg(long, value_enum, default_value_t = TapFrom::Now)]
    pub(crate) from: TapFrom,
}

/// Where a tap begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TapFrom {
    /// With what comes.
    Now,
    /// With the oldest message that the topic keeps.
    Earliest,
}

/// `seek`.
#[derive(Debug, Args)]
pub(crate) struct Seek {
    /// The subscription.
    pub(crate) subscription: String,
    /// Where it goes on: `earliest` (what the topic still keeps), `now`, or a time such as
    /// 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: String,
}

/// `topic …`.
#[derive(Debug, Subcommand)]
pub(crate) enum TopicCommand {
    /// Delete what waits in a topic, for all its subscriptions; what is under way is finished.
    Purge {
        /// The topic.
        topic: String,
    },
}
