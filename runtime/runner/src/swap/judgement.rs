//! Whether a version does worse than the one it is to replace.
//!
//! **Failures.** Every message that a version did not handle counts: a trap, a limit, a retry, a
//! rejection. The true rate of each version lies in an interval around what was seen (Wilson's), wide
//! after few messages and narrow after many. The new version is worse when all of its interval lies
//! above all of the old one's. At the end of a trial the intervals hold 99 % of what chance does. Before,
//! they are wider by far: who looks hundreds of times sees by chance what nobody sees at one look. So one failure in a quiet hour decides nothing, while a
//! plugin that fails on everything is found out within a few messages. An old version of which little
//! is known counts as if it had handled [`OLD_MESSAGES_MIN`] messages.
//!
//! **Time.** The new version is worse when a message takes it more than [`SLOWER_MAX`] times as long,
//! and [`SLOWER_MIN`] longer: what is fast either way is no reason. The first calls of a version find
//! nothing warm, so few messages, or little time, say nothing.
//!
//! While the trial runs, nothing is decided on fewer than [`EARLY_MESSAGES_MIN`] messages; at its end
//! on what there is.

use std::time::Duration;

use serde::Serialize;

/// Messages that the new version must have answered before a trial ends early.
const EARLY_MESSAGES_MIN: u64 = 20;
/// Messages that an old version of which little is known counts to have handled.
const OLD_MESSAGES_MIN: u64 = 50;
/// How much slower the new version may be.
const SLOWER_MAX: u32 = 4;
/// A difference of less per message is noise.
const SLOWER_MIN: Duration = Duration::from_millis(1);
/// Time in hand from which on it says something how long messages take.
const TIME_MIN: Duration = Duration::from_millis(100);
/// Standard deviations that hold 99 % of what chance does at one look.
const DEVIATIONS: f64 = 2.576;
/// As many for hundreds of looks.
const EARLY_DEVIATIONS: f64 = 4.5;

/// What a version did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Messages that it answered for, well or not.
    pub messages: u64,
    /// Those of them that it did not handle.
    pub failed: u64,
    /// How long it had them in hand, all together.
    #[serde(skip)]
    pub time: Duration,
}

impl Sample {
    /// Time per message.
    #[must_use]
    pub fn pace(&self) -> Duration {
        let messages = u32::try_from(self.messages).unwrap_or(u32::MAX);
        self.time.checked_div(messages).unwrap_or(self.time)
    }

    /// What came on top of an earlier sample.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(earlier.messages),
            failed: self.failed.saturating_sub(earlier.failed),
            time: self.time.saturating_sub(earlier.time),
        }
    }

    /// Whether it says enough to compare with.
    pub(super) fn says_much(&self) -> bool {
        self.messages >= OLD_MESSAGES_MIN
    }
}

/// Why `new` does worse than `old`; none when it does not, as far as can be told. `last`: the trial
/// is over.
pub(super) fn worse(old: &Sample, new: &Sample, last: bool) -> Option<String> {
    if new.messages == 0 || (!last && new.messages < EARLY_MESSAGES_MIN) {
        return None;
    }
    let deviations = if last { DEVIATIONS } else { EARLY_DEVIATIONS };
    fails_more(old, new, deviations).or_else(|| is_slower(old, new))
}

fn fails_more(old: &Sample, new: &Sample, deviations: f64) -> Option<String> {
    let old_messages = old.messages.max(OLD_MESSAGES_MIN);
    let (_, old_highest) = interval(old.failed, old_messages, deviations);
    let (new_lowest, _) = interval(new.failed, new.messages, deviations);
    (new_lowest > old_highest).then(|| {
        format!(
            "it failed on {} of {} messages, the old version on {} of {}",
            new.failed, new.messages, old.failed, old.messages
        )
    })
}

fn is_slower(old: &Sample, new: &Sample) -> Option<String> {
    if old.messages == 0 || new.messages < EARLY_MESSAGES_MIN || new.time < TIME_MIN {
        return None;
    }
    let (before, now) = (old.pace(), new.pace());
    let slower = now > before * SLOWER_MAX && now > before + SLOWER_MIN;
    slower.then(|| format!("a message takes {now:.1?}, the old version took {before:.1?}"))
}

/// Wilson's interval: where the true rate lies of what happened `times` in `all`.
fn interval(times: u64, all: u64, deviations: f64) -> (f64, f64) {
    let (times, all) = (times.min(all) as f64, all as f64);
    let (rate, square) = (times / all, deviations * deviations);
    let center = (rate + square / (2.0 * all)) / (1.0 + square / all);
    let spread = rate * (1.0 - rate) / all + square / (4.0 * all * all);
    let half = deviations * spread.sqrt() / (1.0 + square / all);
    (center - half, center + half)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn sample(failed: u64, messages: u64) -> Sample {
        Sample { messages, failed, time: Duration::from_micros(messages * 10) }
    }

    fn decides(old: (u64, u64), new: (u64, u64), last: bool) -> bool {
        worse(&sample(old.0, old.1), &sample(new.0, new.1), last).is_some()
    }

    #[test]
    fn five_percent_more_failures_are_found_out_within_hundreds_of_messages() {
        assert!(decides((0, 10_000), (10, 200), false));
        assert!(decides((100, 10_000), (24, 400), false));
        assert!(!decides((500, 10_000), (10, 200), false));
    }

    #[test]
    fn a_version_that_fails_on_everything_needs_few_messages() {
        assert!(decides((0, 1_000), (20, 20), false));
        assert!(decides((0, 0), (20, 20), false));
        assert!(decides((0, 0), (5, 5), true));
    }

    #[test]
    fn what_chance_may_do_decides_nothing() {
        assert!(!decides((0, 1_000), (1, 100), false));
        assert!(!decides((0, 1_000), (0, 5_000), true));
        assert!(!decides((0, 0), (1, 2), true));
        // Before the end few messages say nothing.
        assert!(!decides((0, 1_000), (19, 19), false));
        assert!(!decides((0, 1_000), (0, 0), true));
    }

    #[test]
    fn who_looks_hundreds_of_times_takes_back_no_version_that_fails_as_often_as_the_one_before() {
        let mut random = StdRng::seed_from_u64(1);
        let old = (2_000, 100_000);
        let mistaken = (0..500).filter(|_| {
            let mut failed = 0;
            (1..=300).any(|look| {
                failed += (0..20).filter(|_| random.random_ratio(2, 100)).count() as u64;
                decides(old, (failed, look * 20), look == 300)
            })
        });
        let mistaken = mistaken.count();
        assert!(mistaken <= 5, "{mistaken} of 500");
    }

    #[test]
    fn old_failures_excuse_new_ones() {
        assert!(!decides((1_000, 1_000), (50, 50), false));
        assert!(!decides((48, 1_000), (6, 100), false));
    }

    #[test]
    fn slower_by_far_is_worse_and_slower_by_little_is_not() {
        let takes =
            |micros| Sample { messages: 100, failed: 0, time: Duration::from_micros(micros) };
        let slower = |old, new| worse(&takes(old), &takes(new), false).is_some();
        assert!(slower(1_000, 5_000_000));
        // Ten times as long, but hundredths of a millisecond.
        assert!(!slower(1_000, 10_000));
        // A millisecond longer, but not many times as long.
        assert!(!slower(1_000_000, 1_500_000));
        assert!(worse(&Sample::default(), &takes(5_000_000), true).is_none());
        // The first message of a quiet topic, which finds nothing warm.
        let first = Sample { messages: 1, failed: 0, time: Duration::from_millis(400) };
        assert!(worse(&takes(1_000), &first, true).is_none());
    }
}
