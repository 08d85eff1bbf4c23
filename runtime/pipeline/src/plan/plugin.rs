//! The components.

use std::path::PathBuf;
use std::time::Duration;

/// One plugin: where it is, what it is told, what it may use up.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginPlan {
    /// Unique among the plugins.
    pub name: String,
    /// Where the component is found.
    pub source: ComponentSource,
    /// The plugin's own configuration: always a JSON object.
    pub config: serde_json::Value,
    /// What a call may use up.
    pub limits: Limits,
}

/// Where a component is found; the caller opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentSource {
    /// A plugin folder: `build/NAME.wasm` in it, NAME as its `plugin.toml` says.
    Folder(PathBuf),
    /// The `.wasm` file itself.
    File(PathBuf),
}

/// What one call of a plugin may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time for a call of one message.
    pub timeout: Duration,
    /// Time for a call of more.
    pub batch_timeout: Duration,
    /// Bytes of memory and tables of one instance.
    pub memory: u64,
    /// Bytes of output of a call of one message.
    pub output: u64,
    /// Bytes of output of a call of more.
    pub batch_output: u64,
}
