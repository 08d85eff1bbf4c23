//! What goes wrong with sources and sinks; the texts are for people.

use std::io;

use thiserror::Error;

/// A source cannot be opened, or broke off: it gives no messages any more.
#[derive(Debug, Error)]
#[error("cannot read {0}")]
pub struct SourceError(String);

/// A sink cannot be opened, or could not take a batch: none of its messages counts as handled.
#[derive(Debug, Error)]
#[error("cannot write to {0}")]
pub struct SinkError(String);

impl SourceError {
    pub(crate) fn open(place: &str, why: &str) -> Self {
        Self(format!("{place}: {why}"))
    }

    /// The source at `place` would not go on where it stood, because of `what`.
    pub(crate) fn changed(place: &str, what: &str) -> Self {
        Self(format!(
            "{place} where it was left: {what}; \
             `from_start: true` reads a changed file from its start"
        ))
    }

    /// The source at `place` gave `lines` lines and then `error`.
    pub(crate) fn broke_off(place: &str, lines: u64, error: &io::Error) -> Self {
        Self(format!("{place} behind line {lines}: {}", text(error)))
    }
}

impl SinkError {
    pub(crate) fn new(place: &str, why: &str) -> Self {
        Self(format!("{place}: {why}"))
    }
}

/// An I/O error in words, without the operating system's number where the kind says it all.
pub(crate) fn text(error: &io::Error) -> String {
    let words = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::IsADirectory => "it is a folder, name a file in it",
        io::ErrorKind::NotADirectory => "a part of its path is not a folder",
        io::ErrorKind::StorageFull => "no space left on the device",
        io::ErrorKind::BrokenPipe => "its reader has closed it",
        _ => return error.to_string(),
    };
    words.to_owned()
}
