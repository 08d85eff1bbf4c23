//! The command line as it is typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::print::Format;

/// A message-queue runtime whose consumers are WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "millstream", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The running host that a command talks to.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "MILLSTREAM_URL",
        default_value = "http://127.0.0.1:7070"
    )]
    pub(crate) url: String,
    /// Sent to that host as a bearer token.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "MILLSTREAM_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,
    /// How results are printed; json is one document on stdout.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a pipeline file, start it, and serve until SIGINT or SIGTERM.
    Run(Run),
    /// Report every finding about a pipeline file in one pass.
    Check(Check),
    /// Show the page of a finding code, such as MS0201.
    Explain {
        /// The code.
        code: String,
    },
    /// Print the JSON Schema of the pipeline file.
    Schema,
    /// Build a plugin folder to a component.
    Build(PluginFolder),
    /// Run a plugin folder's cases through the real host.
    Test(PluginFolder),
    /// Look at a plugin.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Publish to a topic of a running host.
    Publish(Publish),
    /// The topics of a running host.
    Topics,
    /// The subscriptions of a running host.
    Subscriptions,
    /// The plugins of a running host.
    Plugins,
    /// Look through the dead letters of a subscription.
    #[command(subcommand)]
    Dlq(DlqCommand),
    #[command(flatten)]
    Later(LaterCommand),
}

/// `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The pipeline file.
    pub(crate) file: PathBuf,
    /// Where to serve HTTP: an address of this machine, port 0 for any free one, or `off`.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    pub(crate) http: String,
    /// Exit when every source has ended and every subscription is idle.
    #[arg(long)]
    pub(crate) drain: bool,
    /// How long work in flight may take to finish when the host is told to stop.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) grace: Duration,
    /// Swap changed plugins, apply a changed file (not available yet).
    #[arg(long)]
    pub(crate) watch: bool,
}

/// `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The pipeline file.
    pub(crate) file: PathBuf,
    /// Do not open the plugins.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// A plugin's folder.
#[derive(Debug, Args)]
pub(crate) struct PluginFolder {
    /// The folder that holds `plugin.toml`.
    pub(crate) dir: PathBuf,
}

/// `plugin …`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Digest, size, world, imports, exports and needed grants.
    Inspect {
        /// A plugin folder or a `.wasm` file.
        path: PathBuf,
    },
}

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
    /// The producer's own id of the message (not available yet).
    #[arg(long, value_name = "ID")]
    pub(crate) dedup_id: Option<String>,
    /// When the message is given up (not available yet).
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
    },
    /// Show one dead letter and its whole story.
    Show {
        /// The subscription that gave it up.
        subscription: String,
        /// The message's id.
        id: String,
    },
    /// Put dead letters back to their subscription (not available yet).
    Redrive(Anything),
    /// Delete dead letters (not available yet).
    Purge(Anything),
}

/// Commands whose names are kept for what is to come.
#[derive(Debug, Subcommand)]
pub(crate) enum LaterCommand {
    /// Create a plugin folder (not available yet).
    New(Anything),
    /// Watch messages as they pass (not available yet).
    Tap(Anything),
    /// Watch the host in the terminal (not available yet).
    Top(Anything),
    /// Draw the pipeline (not available yet).
    Graph(Anything),
    /// Move a subscription's position (not available yet).
    Seek(Anything),
    /// Empty a topic (not available yet).
    Topic(Anything),
    /// Stop delivery to a subscription (not available yet).
    Pause(Anything),
    /// Start it again (not available yet).
    Resume(Anything),
    /// Replace a running plugin (not available yet).
    Swap(Anything),
    /// Go back to a plugin's version before (not available yet).
    Rollback(Anything),
    /// How a swap is going (not available yet).
    SwapStatus(Anything),
    /// Change the running pipeline (not available yet).
    Apply(Anything),
    /// Follow one message's journey (not available yet).
    Trace(Anything),
    /// Verify, repair or describe a journal (not available yet).
    Journal(Anything),
    /// Measure a pipeline (not available yet).
    Bench(Anything),
    /// Check this machine (not available yet).
    Doctor(Anything),
}

/// Whatever else is typed: it does not matter yet.
#[derive(Debug, Args)]
pub(crate) struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(crate) rest: Vec<OsString>,
}

/// `500ms`, `30s`, `2m`, `1h`, and a bare 0.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a duration: expected a form such as 500ms, 30s, 2m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 0,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit_ms).map(Duration::from_millis).ok_or_else(wrong)
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("{text:?} is not a header: expected NAME=VALUE"))
}

#[cfg(test)]
mod tests;
