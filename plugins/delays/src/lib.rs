//! Finds late departures: one flight in, one notification out when it left late enough.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use millstream_sdk::{Failure, Message, Outputs, handler};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

handler!(delays, configure = check);

fn delays(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let flight: Flight<'_> = message.json()?;
    let delay_minutes = flight.dep_delay.ok_or_else(|| flight.cancelled())?;
    if delay_minutes as f64 >= settings.threshold_minutes {
        out.json(&flight.notification(delay_minutes))?.key(&flight.carrier);
    }
    Ok(())
}

/// The plugin's `config` in the pipeline file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// A departure this late, or later, is worth a notification.
    threshold_minutes: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { threshold_minutes: 60.0 }
    }
}

fn check(settings: Settings) -> Result<Settings, String> {
    match settings.threshold_minutes {
        minutes if minutes >= 0.0 => Ok(settings),
        minutes => Err(format!("threshold_minutes is {minutes}, must be 0 or more")),
    }
}

/// A scheduled departure, as far as it matters here.
#[derive(Deserialize)]
struct Flight<'a> {
    #[serde(borrow)]
    carrier: Cow<'a, str>,
    flight: u32,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(borrow)]
    dest: Cow<'a, str>,
    #[serde(borrow)]
    scheduled: Cow<'a, str>,
    /// Minutes, negative when it left early, null when it never left. A flight that does not say
    /// is malformed, not cancelled.
    #[serde(deserialize_with = "Option::deserialize")]
    dep_delay: Option<i64>,
}

/// Tells someone that a flight left late.
#[derive(Serialize)]
struct Notification<'a> {
    flight: String,
    route: String,
    scheduled: &'a str,
    delay_minutes: i64,
}

impl Flight<'_> {
    fn notification(&self, delay_minutes: i64) -> Notification<'_> {
        let (flight, route) = (self.number(), self.route());
        Notification { flight, route, scheduled: &self.scheduled, delay_minutes }
    }

    fn cancelled(&self) -> Failure {
        let (flight, route) = (self.number(), self.route());
        Failure::reject(format!("{flight} {route} of {} was cancelled", self.scheduled))
    }

    fn number(&self) -> String {
        format!("{}{}", self.carrier, self.flight)
    }

    fn route(&self) -> String {
        format!("{}-{}", self.origin, self.dest)
    }
}
