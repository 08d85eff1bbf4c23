//! One thing to say about a pipeline file.

use serde::Serialize;

/// One thing to say about a pipeline file, with its place. Its JSON form is what `--format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `MS` and four digits; [`explain`](crate::explain) has a page for each.
    pub code: &'static str,
    /// Whether the pipeline may run all the same.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The file, as it was given to [`parse`](crate::parse).
    pub file: String,
    /// First line, from 1.
    pub line: usize,
    /// First column in characters, from 1.
    pub column: usize,
    /// Last line, from 1.
    pub end_line: usize,
    /// The column after the last character, from 1.
    pub end_column: usize,
    /// The route in the file, such as `subscriptions.notify.topic`; empty for the whole file.
    pub path: String,
    /// How to mend it.
    pub help: String,
}

/// Whether a pipeline may run in spite of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may not.
    Error,
    /// It may; it is probably not what was meant.
    Warning,
}
