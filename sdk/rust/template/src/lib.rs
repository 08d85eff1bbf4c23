//! Says what it is told, louder.
#![forbid(unsafe_code)]

use millstream_sdk::{Failure, Message, Outputs, handler, log};
use serde::Deserialize;

#[cfg(test)]
mod tests;

handler!(handle, configure = check);

fn handle(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let text = message.text()?; // not UTF-8: a dead letter that says so
    if text.is_empty() {
        return Err(Failure::reject("nothing to shout")); // a dead letter with this reason
    }
    log::debug!("shouting", bytes = text.len());
    let output = out.push(format!("{}{}", text.to_uppercase(), settings.suffix));
    if let Some(key) = message.key() {
        output.key(key);
    }
    Ok(()) // the output is published and the message done, both or neither
}

/// The plugin's `config` in the pipeline file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// What every text ends with.
    suffix: String,
}

fn check(settings: Settings) -> Result<Settings, String> {
    match settings.suffix.len() {
        0..=10 => Ok(settings),
        length => Err(format!("suffix has {length} bytes, at most 10 are allowed")),
    }
}
