//! What the caller found out about the plugins: handed in, since this crate opens no file.

/// What a component says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFacts {
    /// SHA-256 of the given file, as lower-case hex.
    pub digest: String,
    /// Which handler it exports.
    pub world: World,
    /// Imported interfaces, such as `millstream:plugin/logging@0.1.0`.
    pub imports: Vec<String>,
    /// Exported interfaces.
    pub exports: Vec<String>,
    /// Capabilities it cannot work without: `http`, `keyvalue`.
    pub needs: Vec<String>,
}

/// Which handler a component exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// `message-handler`: one message a call.
    Message,
    /// `batch-handler`: many messages a call.
    Batch,
}

/// Why a plugin cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFault {
    /// How far it came.
    pub kind: PluginFaultKind,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do about it, such as the command that builds it.
    pub help: String,
}

/// How far a plugin came that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginFaultKind {
    /// There are no facts: unreadable, not a plugin, not built, older than its sources.
    Unusable,
    /// It does not compile within its limits, or not at all.
    NotCompiled,
    /// It starts and refuses its configuration.
    ConfigRefused,
    /// It does not start: it traps, takes too long or too much.
    NotStarted,
}
