//! Reminds of invoices: a letter now, and a note to itself for the next one.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::time::Duration;

use millstream_sdk::{Failure, Message, Outputs, handler};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

handler!(remind, configure = check);

fn remind(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let mut invoice: Invoice<'_> = message.json()?;
    invoice.reminder += 1;
    out.json(&invoice)?.key(&invoice.invoice);
    if invoice.reminder < settings.times {
        // A delayed message to the topic it came from is all the timer there is.
        let wait = Duration::from_millis(settings.every_ms.into());
        out.json(&invoice)?.key(&invoice.invoice).to(message.topic()).delay(wait);
    }
    Ok(())
}

/// The plugin's `config` in the pipeline file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The time between two letters.
    every_ms: u32,
    /// How many letters there are.
    times: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { every_ms: 1_000, times: 3 }
    }
}

fn check(settings: Settings) -> Result<Settings, &'static str> {
    match settings {
        Settings { every_ms: 0, .. } => Err("every_ms is 0, must be at least 1"),
        Settings { times: 0, .. } => Err("times is 0, must be at least 1"),
        settings => Ok(settings),
    }
}

/// An invoice as it comes, the note to itself, and the letter: all say how far it is.
#[derive(Deserialize, Serialize)]
struct Invoice<'a> {
    #[serde(borrow)]
    invoice: Cow<'a, str>,
    /// Letters sent so far.
    #[serde(default)]
    reminder: u32,
}
