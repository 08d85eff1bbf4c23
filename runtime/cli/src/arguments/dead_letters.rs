//! What the `dlq` commands take.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::forms::rate;

/// `dlq …`.
#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// List dead letters, oldest first.
    Ls {
        /// The subscription that gave them up.
        subscription: String,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Go on after an earlier page: its `next`.
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// Only those that meet a CEL condition, such as 'reason == "exhausted" && attempts > 3'.
        #[arg(long = "where", value_name = "EXPR")]
        condition: Option<String>,
    },
    /// Show one dead letter and its whole story.
    Show {
        /// The subscription that gave it up.
        subscription: String,
        /// The message's id.
        id: String,
    },
    /// Put dead letters back to their subscription.
    Redrive(DlqRedrive),
    /// Delete dead letters for good.
    #[command(group = ArgGroup::new("letters").required(true).args(["ids", "condition", "all"]))]
    Purge {
        /// The subscription that gave them up.
        subscription: String,
        #[command(flatten)]
        choice: Choice,
        /// Only say how many would be deleted.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write a dead letter as a case of its plugin, which fails until the plugin is mended.
    Export {
        /// The subscription that gave it up.
        subscription: String,
        /// The message's id.
        id: String,
        /// The plugin's folder: the case goes into its `cases/`, with the configuration that the
        /// pipeline gives the plugin, secrets in it included.
        dir: PathBuf,
    },
}

/// Which dead letters: exactly one way to say it.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// Those of the messages with these ids.
    #[arg(long = "id", value_name = "ID", num_args = 1..)]
    pub(crate) ids: Vec<String>,
    /// Those that meet a CEL condition, such as 'payload.currency == "CHF"'.
    #[arg(long = "where", value_name = "EXPR")]
    pub(crate) condition: Option<String>,
    /// All of them.
    #[arg(long)]
    pub(crate) all: bool,
}

/// `dlq redrive`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("letters").required(true)
    .args(["ids", "condition", "all", "status", "stop"]))]
pub(crate) struct DlqRedrive {
    /// The subscription that gave them up.
    pub(crate) subscription: String,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Only say how many would be put back.
    #[arg(long, conflicts_with_all = ["status", "stop"])]
    pub(crate) dry_run: bool,
    /// How fast, such as 50/s, 600/m or 1000/h: the host goes on by itself.
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with_all = ["status", "stop"])]
    pub(crate) rate: Option<String>,
    /// What the message holds from now on; with exactly one --id.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["condition", "all", "status", "stop"])]
    pub(crate) edit_payload: Option<PathBuf>,
    /// Say how far a redrive with a rate is.
    #[arg(long)]
    pub(crate) status: bool,
    /// Stop a redrive with a rate where it is.
    #[arg(long)]
    pub(crate) stop: bool,
}
