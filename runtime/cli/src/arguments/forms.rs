//! The forms of values on the command line.

use std::time::Duration;

use millstream_formats::{PeriodError, parse_period};
use millstream_runner::{Rate, RateError};

/// A duration, as the pipeline file and the host read it.
pub(super) fn duration(text: &str) -> Result<Duration, PeriodError> {
    parse_period(text)
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
