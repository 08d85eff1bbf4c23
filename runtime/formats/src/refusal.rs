//! What cannot become a message, and why.

use std::fmt;

/// A line that did not become a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Number of the line, the first is 1; empty lines count.
    pub line: u64,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for Refused {}

/// Why something did not become a message; the text says what was wrong and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It passes a limit.
    TooLarge(String),
    /// It breaks the format.
    Malformed(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(text) | Self::Malformed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Reason {}
