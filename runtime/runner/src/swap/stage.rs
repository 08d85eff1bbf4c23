//! How far a swap has come.

use serde::Serialize;

/// How far a swap has come: what it did last, or what it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The bytes are here.
    Received,
    /// They are a plugin.
    Verified,
    /// They are machine code.
    Compiled,
    /// It imports nothing that is not there or not granted.
    Imports,
    /// It started and accepts its configuration.
    Configured,
    /// Both versions are run on the same messages.
    Shadowing,
    /// The new version has a share of the keys.
    Canary,
    /// The new version has all keys, and the old one waits.
    Probation,
    /// The new version serves. The end.
    Promoted,
    /// The old version serves again. The end.
    RolledBack,
    /// The new version never got a message to keep. The end.
    Refused,
}

impl Stage {
    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Promoted | Self::RolledBack | Self::Refused)
    }

    /// As it is shown: `rolled-back`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Verified => "verified",
            Self::Compiled => "compiled",
            Self::Imports => "imports",
            Self::Configured => "configured",
            Self::Shadowing => "shadowing",
            Self::Canary => "canary",
            Self::Probation => "probation",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled-back",
            Self::Refused => "refused",
        }
    }

    /// What was being done on the way to it: `verify`.
    #[must_use]
    pub fn work(self) -> &'static str {
        match self {
            Self::Received => "receive",
            Self::Verified => "verify",
            Self::Compiled => "compile",
            Self::Imports => "imports",
            Self::Configured => "configure",
            Self::Shadowing => "shadow",
            Self::Canary => "canary",
            Self::Probation => "probation",
            Self::Promoted => "promote",
            Self::RolledBack => "roll back",
            Self::Refused => "refuse",
        }
    }
}
