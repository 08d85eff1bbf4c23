//! `cases/NAME.yaml`: messages, and what the plugin must answer.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Mistake, WorkshopError};

mod form;

/// A case file is written by hand; larger payloads go into a `payload_file`.
pub(crate) const BYTES_MAX: u64 = 16 << 20;
/// The most cases of one plugin: stops a folder that holds something else.
const CASES_MAX: usize = 10_000;

/// One checked case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Case {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// The plugin's configuration: an object, or null for none.
    pub(crate) config: Value,
    pub(crate) check: Check,
}

/// What a case is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Check {
    /// The configuration is refused with this text.
    ConfigRefused(String),
    /// Each message gets its answer. At least one.
    Messages(Vec<(Given, Expected)>),
}

/// A message to be handled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) payload: Vec<u8>,
    pub(crate) key: Option<String>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) attempt: u32,
}

/// What is expected of one message. Texts are parts of what is found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expected {
    /// Handled; none: whatever it publishes.
    Ok(Option<Vec<ExpectedOutput>>),
    /// Asks for another delivery.
    Retry { reason: String, delay_ms: Option<u32> },
    /// Refuses the message.
    Reject(String),
    /// Does not answer: a trap, a timeout, an exceeded limit or an invalid answer.
    Trap(String),
    /// Nothing yet: its author wants to see what comes out first.
    Unsaid,
}

/// A message that should be published; what is none is not compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExpectedOutput {
    pub(crate) payload: Option<ExpectedPayload>,
    /// None inside: the subscription's output.
    pub(crate) topic: Option<Option<String>>,
    /// None inside: no key.
    pub(crate) key: Option<Option<String>>,
    pub(crate) headers: Option<Vec<(String, String)>>,
    pub(crate) delay_ms: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExpectedPayload {
    Bytes(Vec<u8>),
    /// Equal whatever the order of keys.
    Json(Value),
}

/// All cases of the plugin folder `folder`, in the order of their names.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Case>, WorkshopError> {
    let cases = folder.join("cases");
    let files = files(&cases)?;
    if files.is_empty() {
        return Err(Mistake::of_file(&cases, "no cases: write one as NAME.yaml").into());
    }
    files.iter().map(|file| form::read(file)).collect()
}

fn files(cases: &Path) -> Result<Vec<PathBuf>, WorkshopError> {
    let io = |error| WorkshopError::io("list", cases, error);
    let entries = match fs::read_dir(cases) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
        if files.len() > CASES_MAX {
            return Err(Mistake::of_file(cases, format!("more than {CASES_MAX} cases")).into());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
