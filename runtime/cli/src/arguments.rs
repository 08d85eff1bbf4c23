//! The command line as it is typed.

mod dead_letters;
mod forms;
mod journal;
mod operations;
mod publish;
mod swap;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use millstream_workshop::Language;

pub(crate) use self::dead_letters::{Choice, DlqCommand, DlqRedrive};
use self::forms::duration;
pub(crate) use self::journal::{Changes, Doctor, JournalCommand};
pub(crate) use self::operations::{Seek, Tap, TapFrom, TopicCommand};
pub(crate) use self::publish::Publish;
pub(crate) use self::swap::{OnePlugin, Swap};
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
    /// Make a plugin folder that builds and passes its own test as it stands.
    New(New),
    /// Build a plugin folder to a component.
    Build(Build),
    /// Run a plugin folder's cases through the real host.
    Test(Test),
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
    /// Watch the messages of a topic as they pass; takes none away.
    Tap(Tap),
    /// Stop delivery to a subscription: its messages wait.
    Pause {
        /// The subscription.
        subscription: String,
    },
    /// Let delivery to a subscription go on.
    Resume {
        /// The subscription.
        subscription: String,
    },
    /// Let a subscription go on somewhere else in its topic.
    Seek(Seek),
    /// Empty a topic.
    #[command(subcommand)]
    Topic(TopicCommand),
    /// The dead letters of a subscription: look at them, put them back, delete them.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// Put another version in a running plugin's place, without a stop or a loss.
    Swap(Swap),
    /// Go back to a plugin's version before, or end the swap that is under way.
    Rollback(OnePlugin),
    /// How the last swap of a plugin goes, or went.
    SwapStatus(OnePlugin),
    /// Change the running pipeline to a file, without a stop: all of it, or nothing.
    Apply(Apply),
    /// A journal on disk that nothing has open: verify, repair or describe it.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Check this machine: the disk's time to sync, the sandbox, the port, the toolchains.
    Doctor(Doctor),
    /// Compile one plugin for the host that started this: from stdin, to stdout.
    #[command(hide = true)]
    Compile,
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
    /// Build and swap a plugin whose folder or file changes; fetch and swap one whose tag in a registry
    /// has moved, looked at every 30s or as MILLSTREAM_TAGS_EVERY says; apply the pipeline file when it
    /// changes.
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// `apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The pipeline file.
    pub(crate) file: PathBuf,
    /// Only tell what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
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

/// `new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The folder to make; its last part is the plugin's name.
    pub(crate) folder: PathBuf,
    /// rust, go, python, javascript, typescript or c.
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Language,
}

/// `test`.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The folder that holds `plugin.toml`.
    pub(crate) dir: PathBuf,
    /// Show where answers are not what a case expects, and write them into the case.
    #[arg(long)]
    pub(crate) bless: bool,
}

/// `build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The folder that holds `plugin.toml`.
    pub(crate) dir: PathBuf,
    /// Keep debug info: backtraces tell files and lines. By `debug` of `plugin.toml` instead of `build`.
    #[arg(long)]
    pub(crate) debug: bool,
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

/// Commands whose names are kept for what is to come.
#[derive(Debug, Subcommand)]
pub(crate) enum LaterCommand {
    /// Watch the host in the terminal (not available yet).
    Top(Anything),
    /// Draw the pipeline (not available yet).
    Graph(Anything),
    /// Follow one message's journey (not available yet).
    Trace(Anything),
    /// Measure a pipeline (not available yet).
    Bench(Anything),
}

/// Whatever else is typed: it does not matter yet.
#[derive(Debug, Args)]
pub(crate) struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(crate) rest: Vec<OsString>,
}

#[cfg(test)]
mod tests;
