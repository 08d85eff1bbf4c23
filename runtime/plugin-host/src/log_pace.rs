//! How many log records a plugin may write in a time, all its instances together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::LogRate;

/// How often it is told that records were dropped: telling each time would be a flood of its own.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Lets records through at a rate. What was not used in the last period may come at once, so that
/// a batch whose messages log a line each is not cut. Shared without a lock.
#[derive(Debug)]
pub(crate) struct LogPace {
    begun: Instant,
    /// Nanoseconds that one record takes up, and that may be used up ahead.
    each: u64,
    ahead: u64,
    /// When all records so far are used up, in nanoseconds since the beginning.
    due: AtomicU64,
    /// Records dropped and not yet told.
    dropped: AtomicU64,
    /// When dropping may be told again, in nanoseconds since the beginning.
    tell_at: AtomicU64,
}

impl LogPace {
    pub(crate) fn new(rate: LogRate) -> Self {
        let per = nanoseconds(rate.per);
        Self {
            begun: Instant::now(),
            each: per / rate.records.max(1),
            ahead: per,
            due: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            tell_at: AtomicU64::new(0),
        }
    }

    /// Whether one more record may be written now.
    pub(crate) fn allows(&self) -> bool {
        self.allows_at(nanoseconds(self.begun.elapsed()))
    }

    fn allows_at(&self, now: u64) -> bool {
        let next = |due: u64| {
            let due = due.max(now).saturating_add(self.each);
            (due <= now.saturating_add(self.ahead)).then_some(due)
        };
        self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    /// Counts `records` as dropped. Says how many are to be told of, if it is time.
    pub(crate) fn dropped(&self, records: u64) -> Option<u64> {
        self.dropped_at(records, nanoseconds(self.begun.elapsed()))
    }

    fn dropped_at(&self, records: u64, now: u64) -> Option<u64> {
        self.dropped.fetch_add(records, Ordering::Relaxed);
        let next = |at: u64| (at <= now).then(|| now + nanoseconds(TOLD_EVERY));
        self.tell_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(self.dropped.swap(0, Ordering::Relaxed)).filter(|dropped| *dropped > 0)
    }
}

/// Saturates at 584 years.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn pace(records: u64) -> LogPace {
        LogPace::new(LogRate { records, per: Duration::from_secs(1) })
    }

    fn written(pace: &LogPace, tries: usize, now: u64) -> usize {
        (0..tries).filter(|_| pace.allows_at(now)).count()
    }

    #[test]
    fn a_quiet_plugin_may_write_all_of_a_period_at_once_and_then_at_the_rate() {
        let pace = pace(100);
        assert_eq!(written(&pace, 1_000, 50 * SECOND), 100);
        assert_eq!(written(&pace, 1_000, 50 * SECOND + SECOND / 4), 25);
        assert_eq!(written(&pace, 1_000, 60 * SECOND), 100);
    }

    #[test]
    fn what_was_dropped_is_told_at_most_once_a_second_and_all_of_it() {
        let pace = pace(1);
        assert_eq!(pace.dropped_at(3, 0), Some(3));
        assert_eq!((pace.dropped_at(2, 1), pace.dropped_at(5, SECOND - 1)), (None, None));
        assert_eq!(pace.dropped_at(1, SECOND), Some(8));
        assert_eq!(pace.dropped_at(0, 3 * SECOND), None);
    }

    #[test]
    fn a_rate_over_no_time_is_no_bound() {
        let pace = LogPace::new(LogRate { records: 1, per: Duration::ZERO });
        assert_eq!(written(&pace, 1_000, 7), 1_000);
    }
}
