//! How many deliveries a rate allows: a bucket that fills evenly.

use std::time::Duration;

use crate::rules::RateRules;

/// The share of a second's messages that a quiet subscription saves up for its next batch.
const BURST: Duration = Duration::from_millis(100);

/// Counts in units of a message divided by the nanoseconds of the rate's period, so that nothing
/// is lost to rounding.
#[derive(Debug)]
pub(super) struct Bucket {
    rules: RateRules,
    level: u128,
    filled_at: Duration,
}

impl Bucket {
    pub(super) fn new(rules: RateRules) -> Self {
        let mut bucket = Self { rules, level: 0, filled_at: Duration::ZERO };
        bucket.level = bucket.capacity();
        bucket
    }

    /// A bucket that is full at `now`.
    pub(super) fn full(rules: RateRules, now: Duration) -> Self {
        Self { filled_at: now, ..Self::new(rules) }
    }

    /// What the bucket holds, and since when.
    pub(super) fn level(&self) -> (u128, Duration) {
        (self.level, self.filled_at)
    }

    /// A bucket that holds what another held.
    pub(super) fn at(rules: RateRules, (level, filled_at): (u128, Duration)) -> Self {
        Self { rules, level, filled_at }
    }

    /// Messages that may be delivered now.
    pub(super) fn allowed(&mut self, now: Duration) -> u64 {
        let passed = now.saturating_sub(self.filled_at).as_nanos();
        self.level = (self.level + passed * u128::from(self.rules.messages)).min(self.capacity());
        self.filled_at = self.filled_at.max(now);
        (self.level / self.message()) as u64
    }

    /// When the next message may be delivered, if none may now.
    pub(super) fn next(&self) -> Duration {
        let missing = self.message().saturating_sub(self.level);
        let nanos = missing.div_ceil(u128::from(self.rules.messages.max(1)));
        self.filled_at + Duration::from_nanos(nanos as u64)
    }

    pub(super) fn take(&mut self, messages: u64) {
        self.level = self.level.saturating_sub(u128::from(messages) * self.message());
    }

    /// Messages that were taken and not handled after all.
    pub(super) fn refund(&mut self, messages: u64) {
        self.level = (self.level + u128::from(messages) * self.message()).min(self.capacity());
    }

    /// What one message takes.
    fn message(&self) -> u128 {
        self.rules.per.as_nanos().max(1)
    }

    fn capacity(&self) -> u128 {
        (BURST.as_nanos() * u128::from(self.rules.messages)).max(self.message())
    }
}
