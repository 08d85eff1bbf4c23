//! The components.

use std::path::PathBuf;
use std::time::Duration;

use millstream_formats::OciReference;

use super::RateLimit;

/// One plugin: where it is, what it is told, what it may use up.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginPlan {
    /// Unique among the plugins.
    pub name: String,
    /// Where the component is found.
    pub source: ComponentSource,
    /// The plugin's own configuration: always a JSON object.
    pub config: serde_json::Value,
    /// What it may use up.
    pub limits: Limits,
    /// What it may reach.
    pub grants: Grants,
}

/// Where a component is found; the caller opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentSource {
    /// A plugin folder: `build/NAME.wasm` in it, NAME as its `plugin.toml` says.
    Folder(PathBuf),
    /// The `.wasm` file itself.
    File(PathBuf),
    /// In a registry.
    Registry(OciReference),
}

/// What a plugin may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time for a call of one message.
    pub timeout: Duration,
    /// Time for a call of more.
    pub batch_timeout: Duration,
    /// Bytes of memory and tables of one instance.
    pub memory: u64,
    /// Elements of all tables of one instance.
    pub tables: u64,
    /// Instances alive at once; none for as many as there are workers.
    pub instances: Option<u32>,
    /// Bytes of output of a call of one message.
    pub output: u64,
    /// Bytes of output of a call of more.
    pub batch_output: u64,
    /// Messages published by a call of one message.
    pub output_messages: u64,
    /// Messages published by a call of more.
    pub batch_output_messages: u64,
    /// Log records of all its instances.
    pub log_rate: RateLimit,
    /// Bytes of text of the log records of one call.
    pub log_bytes: u64,
    /// Bytes that one call may hand to the host's functions.
    pub host_data: u64,
    /// What compiling it may use up.
    pub compile: CompileLimits,
}

/// What compiling a plugin may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileLimits {
    /// Time, from start to end.
    pub timeout: Duration,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of machine code.
    pub size: u64,
}

/// What a plugin may reach: nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Origins (scheme, host, port) that it may call over HTTP, in the form that the check accepted.
    pub http: Vec<String>,
    /// State of its own.
    pub keyvalue: bool,
}
