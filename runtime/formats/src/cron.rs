//! When a schedule is due.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::parser::{CronParser, Seconds, Year};
use thiserror::Error;

/// The longest cron expression, in bytes.
const CRON_BYTES_MAX: usize = 256;

/// A cron expression in UTC: `minute hour day-of-month month day-of-week`, with a leading field of
/// seconds where there are six, or one of `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
///
/// Fields take `*`, lists, ranges, steps and names of months and weekdays; days also `L`, `W` and
/// `#`. Where both day fields are given, a day that meets either is meant.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
    schedule: croner::Cron,
}

impl Cron {
    /// When it is due next after `unix_ms`, both in milliseconds since the Unix epoch; none when
    /// it never is again (the 30th of February).
    #[must_use]
    pub fn next_after(&self, unix_ms: u64) -> Option<u64> {
        let after: DateTime<Utc> = DateTime::from_timestamp_millis(i64::try_from(unix_ms).ok()?)?;
        let next = self.schedule.find_next_occurrence(&after, false).ok()?;
        u64::try_from(next.timestamp_millis()).ok()
    }

    /// When it was due last at or before `unix_ms`; none when it never was.
    #[must_use]
    pub fn last_until(&self, unix_ms: u64) -> Option<u64> {
        let second = i64::try_from(unix_ms / 1000).ok()?;
        let until: DateTime<Utc> = DateTime::from_timestamp(second, 0)?;
        let last = self.schedule.find_previous_occurrence(&until, true).ok()?;
        u64::try_from(last.timestamp_millis()).ok()
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let error = |why: String| CronError { text: shown(text), why };
        if text.len() > CRON_BYTES_MAX {
            return Err(error(format!("it is longer than {CRON_BYTES_MAX} bytes")));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let schedule = parser.parse(text).map_err(|why| error(why.to_string()))?;
        Ok(Self { text: text.to_owned(), schedule })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text is not a cron expression.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is no cron expression ({why}): write it as `*/5 * * * *`, with a leading field of seconds where there are six"
)]
pub struct CronError {
    text: String,
    why: String,
}

fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 64;
    text.chars().take(SHOWN_MAX).collect()
}
