//! How many messages a worker takes at once.

use std::time::Duration;

/// What a version begins with that may turn out to be slow, or to fail on everything.
const CAUTIOUS: u32 = 1;
/// How long a batch of a version on trial may take for the next one to be larger. What a slow version has
/// in hand, all keys of it, waits for it.
const BRIEF: Duration = Duration::from_millis(1);

/// Halves after a batch that was too large, for its time or for its order, and grows back with every
/// one that was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    current: u32,
    max: u32,
}

impl Pace {
    pub(crate) fn new(max: u32) -> Self {
        Self { current: max, max }
    }

    /// The same, from few messages on.
    pub(crate) fn cautious(self) -> Self {
        Self { current: self.max.min(CAUTIOUS), ..self }
    }

    pub(crate) fn messages(self) -> u32 {
        self.current
    }

    pub(crate) fn slow_down(&mut self) {
        self.current = (self.current / 2).max(1);
    }

    pub(crate) fn speed_up(&mut self) {
        self.current = self.current.saturating_mul(2).min(self.max);
    }

    /// The same for a version on trial, whose batch took so long.
    pub(crate) fn speed_up_on_trial(&mut self, took: Duration) {
        if took <= BRIEF {
            self.speed_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a version on trial takes at once, batch after batch of which each message takes `each`.
    fn on_trial(each: Duration) -> Vec<u32> {
        let mut pace = Pace::new(256).cautious();
        let batches = (0..10).map(|_| {
            let messages = pace.messages();
            pace.speed_up_on_trial(each * messages);
            messages
        });
        batches.collect()
    }

    #[test]
    fn a_version_on_trial_takes_more_at_once_as_long_as_nobody_waits_for_it() {
        assert_eq!(on_trial(Duration::from_micros(1)), [1, 2, 4, 8, 16, 32, 64, 128, 256, 256]);
        assert_eq!(on_trial(Duration::from_micros(200)), [1, 2, 4, 8, 8, 8, 8, 8, 8, 8]);
        assert_eq!(on_trial(Duration::from_millis(4)), [1; 10]);
    }

    #[test]
    fn what_was_too_much_is_halved_and_never_nothing() {
        let mut pace = Pace::new(3);
        let taken: Vec<u32> = std::iter::from_fn(|| {
            pace.slow_down();
            Some(pace.messages())
        })
        .take(3)
        .collect();
        assert_eq!(taken, [1, 1, 1]);
        pace.speed_up();
        pace.speed_up();
        assert_eq!(pace.messages(), 3);
    }
}
