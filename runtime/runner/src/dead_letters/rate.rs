//! How fast letters are put back.

use std::str::FromStr;
use std::time::Duration;

use millstream_queue::MAX_STEP_MESSAGES;
use thiserror::Error;

/// Letters that move together at a high rate move at least this far apart.
const STEP: Duration = Duration::from_millis(100);

/// So many messages in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub messages: u64,
    /// More than nothing.
    pub per: Duration,
}

/// The text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no rate: write it as `50/s`, `600/m` or `1000/h`")]
pub struct RateError(String);

/// How much of a wrong text an error shows, in characters.
const SHOWN_MAX: usize = 64;

impl Rate {
    /// How many letters move together, and how long it is until the next do.
    pub(super) fn pace(self) -> (usize, Duration) {
        let per_step = self.messages.saturating_mul(STEP.as_millis() as u64)
            / (self.per.as_millis() as u64).max(1);
        let together = per_step.clamp(1, MAX_STEP_MESSAGES as u64);
        let every = self.per.as_nanos().saturating_mul(u128::from(together))
            / u128::from(self.messages.max(1));
        (together as usize, Duration::from_nanos(every.clamp(1, u128::from(u64::MAX)) as u64))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        rate(text).ok_or_else(|| RateError(text.chars().take(SHOWN_MAX).collect()))
    }
}

fn rate(text: &str) -> Option<Rate> {
    let (number, unit) = text.split_once('/')?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let messages = number.replace('_', "").parse().ok().filter(|&messages| messages > 0)?;
    Some(Rate { messages, per: Duration::from_secs(seconds) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_number_and_a_unit_of_time() {
        let second = Duration::from_secs(1);
        assert_eq!("50/s".parse(), Ok(Rate { messages: 50, per: second }));
        assert_eq!("1_000/h".parse(), Ok(Rate { messages: 1_000, per: second * 3_600 }));
        for wrong in
            ["", "50", "0/s", "50/d", "/s", "-1/s", "1.5/s", "s/50", "99999999999999999999/s"]
        {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong:?} passed");
        }
    }

    #[test]
    fn a_rate_is_spread_over_its_time() {
        let pace = |text: &str| text.parse::<Rate>().unwrap().pace();
        assert_eq!(pace("1/h"), (1, Duration::from_secs(3_600)));
        assert_eq!(pace("50/s"), (5, Duration::from_millis(100)));
        assert_eq!(pace("1024000/s"), (1_024, Duration::from_millis(1)));
        // A rate without end has some bound.
        assert_eq!(pace("18446744073709551615/s"), (1_024, Duration::from_nanos(1)));
    }
}
