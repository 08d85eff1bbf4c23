//! What can be wrong with a log.

use std::io;
use std::sync::Arc;

use super::frame::Record;

/// Where records go as they are read; an error ends the reading.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Record) -> Result<(), Damage>;

/// Stored bytes that are not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file} is damaged at byte {offset}: {what}")]
pub struct Damage {
    /// Name of the file.
    pub file: String,
    /// Offset in it, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

impl Damage {
    /// A fault at `offset` of `file`.
    pub(crate) fn new(file: &str, offset: u64, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), offset, what: what.into() }
    }
}

/// A torn tail that was cut off when a log was opened: never synced, so never answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Name of the segment.
    pub file: String,
    /// Offset in it from where on it was cut.
    pub offset: u64,
    /// Bytes that were cut off (and kept in the quarantine folder).
    pub bytes: u64,
    /// Sequence of the last record before it; 0 where there is none.
    pub last_sequence: u64,
}

impl Cut {
    /// Tells the operator, where nobody else will.
    pub(crate) fn warn(&self) {
        let Self { file, offset, bytes, last_sequence } = self;
        tracing::warn!(file, offset, bytes, last_sequence, "the journal's torn tail was cut off");
    }
}

/// Why a log cannot be read or opened.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Stored bytes are not what was written: `millstream journal repair` can help.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// It was written by another version of this program, which should read it.
    #[error("{0}")]
    Format(String),
    /// Another process has the journal.
    #[error("the journal is in use by another process; stop it first")]
    InUse,
    /// The disk answered an error.
    #[error("{doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the disk answered.
        source: io::Error,
    },
}

impl LogError {
    /// Says what was tried when the disk answered an error.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

/// A log that ended with an error: nothing that was not durable by then ever will be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Poisoned {
    /// What failed and why.
    pub(crate) message: Arc<str>,
}

impl Poisoned {
    /// By an error of the disk.
    pub(crate) fn new(doing: &str, error: &io::Error) -> Self {
        Self::because(&format!("{doing} failed: {error}"))
    }

    /// By anything else.
    pub(crate) fn because(message: &str) -> Self {
        Self { message: message.into() }
    }
}
