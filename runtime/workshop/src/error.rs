//! Why a tool could not do its work: told apart by who mends it, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use millstream_plugin_host::LoadError;

/// Why a tool could not do its work. That a case fails is no error but a [`crate::CaseReport`].
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    /// A file that the author wrote is missing or wrong.
    #[error("{0}")]
    Mistake(#[from] Mistake),
    /// There is no component yet, or it is older than its sources.
    #[error("{reason}: run `{command}`")]
    Unbuilt {
        /// What is missing or older than what.
        reason: String,
        /// The command that builds it.
        command: String,
    },
    /// The build command failed.
    #[error("`{command}` in {} {ending}{}", .folder.display(), indented(.tail))]
    BuildFailed {
        /// The command of `plugin.toml`.
        command: String,
        /// The plugin folder.
        folder: PathBuf,
        /// How it ended.
        ending: String,
        /// The end of what it wrote.
        tail: String,
    },
    /// The file that the build command made, or the component, cannot be used as a plugin.
    #[error("{} is not a plugin: {source}", .path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: LoadError,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was to be done, as in "read".
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// The host, not the plugin, is to blame.
    #[error("the host failed: {0}")]
    Host(String),
}

impl WorkshopError {
    /// What to do about it: one line.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Mistake(mistake) => format!("mend {}", mistake.file.display()),
            Self::Unbuilt { command, .. } => format!("run `{command}`"),
            Self::BuildFailed { command, folder, .. } => {
                format!("run `{command}` in {} and mend what it reports", folder.display())
            }
            Self::NotAPlugin { .. } => "build it with an SDK of this version".to_owned(),
            Self::Io { path, .. } => {
                format!("make {} readable and its folder writable", path.display())
            }
            Self::Host(_) => "this is no fault of the plugin: try again".to_owned(),
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

/// Something wrong in a file that the author wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1; none when it is about the file as a whole.
    pub position: Option<(u64, u64)>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Mistake {
    pub(crate) fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), position: None, message: message.into() }
    }

    pub(crate) fn at(file: &Path, position: (u64, u64), message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), position: Some(position), message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Mistake {}

/// A colon and, on lines of their own, what the command wrote; nothing when it wrote nothing.
fn indented(tail: &str) -> String {
    if tail.is_empty() {
        return String::new();
    }
    tail.lines().fold(":".to_owned(), |text, line| text + "\n    " + line)
}
