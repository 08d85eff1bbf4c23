//! The forms of values on the command line.

use std::time::Duration;

use millstream_runner::{Rate, RateError};

/// `500ms`, `30s`, `2m`, `1h`, and a bare 0.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a duration: expected a form such as 500ms, 30s, 2m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 0,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit_ms).map(Duration::from_millis).ok_or_else(wrong)
}

pub(super) fn name_and_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("{text:?} is not a header: expected NAME=VALUE"))
}

/// `50/s`, `600/m` or `1000/h`, kept as it was typed.
pub(super) fn rate(text: &str) -> Result<String, RateError> {
    text.parse::<Rate>().map(|_| text.to_owned())
}
