//! Deliveries in a time: what is saved up is at most a tenth of a second's, or one message.

use std::time::Duration;

use millstream_queue::RateRules;

#[derive(Clone, Debug)]
pub(crate) struct Rate {
    rules: RateRules,
    /// Messages times the nanoseconds of the period.
    saved: u128,
    at: Duration,
}

impl Rate {
    pub(crate) fn new(rules: RateRules) -> Self {
        let mut rate = Self { rules, saved: 0, at: Duration::ZERO };
        rate.saved = rate.most();
        rate
    }

    pub(crate) fn allowed(&self, now: Duration) -> u64 {
        (self.level(now) / self.rules.per.as_nanos()) as u64
    }

    pub(crate) fn take(&mut self, messages: u64, now: Duration) {
        self.saved = self.level(now) - u128::from(messages) * self.rules.per.as_nanos();
        self.at = now;
    }

    pub(crate) fn give_back(&mut self, messages: u64) {
        let more = u128::from(messages) * self.rules.per.as_nanos();
        self.saved = (self.saved + more).min(self.most());
    }

    fn level(&self, now: Duration) -> u128 {
        let grown = (now - self.at).as_nanos() * u128::from(self.rules.messages);
        (self.saved + grown).min(self.most())
    }

    fn most(&self) -> u128 {
        let tenth = Duration::from_millis(100).as_nanos() * u128::from(self.rules.messages);
        tenth.max(self.rules.per.as_nanos())
    }
}
