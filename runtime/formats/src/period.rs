//! How durations are written, everywhere: `100ms`, `30s`, `10m`, `24h`, and a bare 0.

use std::time::Duration;

use thiserror::Error;

const UNITS_MS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Reads a duration: a whole number, whose digits underscores may group, and a unit.
///
/// # Errors
/// The text is anything else, or more milliseconds than 64 bits hold.
pub fn parse_period(text: &str) -> Result<Duration, PeriodError> {
    period(text).ok_or_else(|| PeriodError(text.chars().take(SHOWN_MAX).collect()))
}

/// How much of a wrong text an error shows, in characters.
const SHOWN_MAX: usize = 64;

fn period(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.replace('_', "").parse().ok()?;
    if unit.is_empty() {
        return (number == 0).then_some(Duration::ZERO);
    }
    let (_, factor) = UNITS_MS.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*factor).map(Duration::from_millis)
}

/// The text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no duration: write it as `100ms`, `30s`, `10m` or `24h`")]
pub struct PeriodError(String);
