//! Whether the settlement that goes to the core says what it must.

use std::time::Duration;

use millstream_queue::{Fate, History, Now, Outcome};

use super::{Ended, Fated, Kept, counts_as_failure, fate_of, standing};
use crate::model::{Check, Model, ensure};

impl Model {
    /// Whether the settlement that goes to the core says what it must.
    pub(super) fn check_judged(&self, ended: &Ended<'_>, fates: &[Fated]) -> Check {
        let s = self.leases[&ended.lease].subscription;
        let judged = ended.judged;
        for (i, fated) in fates.iter().enumerate() {
            let found = fate_of(&judged.fates, i);
            let place = self.leases[&ended.lease].items[i];
            ensure!(
                self.is_as_fated(s, found.as_ref(), fated, ended.now),
                "sub-{s}: {place:?} became {found:?}, not {fated:?}"
            );
        }
        let counts = |(i, fate): &(usize, &Fated)| counts_as_failure(ended, *i, fate);
        let failed = fates.iter().enumerate().filter(counts);
        let (failed, told) = (failed.count() as u64, judged.failed);
        ensure!(failed == told, "sub-{s}: {told} failures, not {failed}");
        self.check_outputs(s, ended, fates)
    }

    fn check_outputs(&self, s: usize, ended: &Ended<'_>, fates: &[Fated]) -> Check {
        for (to, _) in ended.outputs {
            let expected: Vec<_> =
                standing(ended, fates, *to).iter().map(|one| one.parcel.id).collect();
            let published = ended.judged.outputs.iter().filter(|(topic, _)| topic == to);
            let mut found: Vec<_> = published
                .flat_map(|(_, publication)| {
                    let delayed = publication.delayed.iter().map(|(_, arrival)| arrival);
                    publication.visible.iter().chain(delayed)
                })
                .flat_map(|arrival| arrival.batch.ids().to_vec())
                .collect();
            found.sort();
            let mut sorted = expected.clone();
            sorted.sort();
            ensure!(found == sorted, "sub-{s}: publishes {found:?} to {to:?}, not {sorted:?}");
        }
        Ok(())
    }

    fn is_as_fated(&self, s: usize, found: Option<&Fate>, fated: &Fated, now: Now) -> bool {
        match (found, fated) {
            (Some(Fate::Handled), Fated::Handled)
            | (Some(Fate::Filtered), Fated::Filtered)
            | (Some(Fate::Dropped), Fated::Dropped)
            | (Some(Fate::ExpiredDropped), Fated::ExpiredDropped)
            | (Some(Fate::Returned) | None, Fated::Returned) => true,
            (Some(Fate::DeadLettered(reason, _)), Fated::DeadLettered(expected, _)) => {
                reason == expected
            }
            (Some(Fate::Parked(parking)), Fated::Parked { history, alone, delay_ms }) => {
                parking.history == *history
                    && parking.alone == *alone
                    && self.is_due_in_time(s, parking.due, (*history, *delay_ms), now)
            }
            (Some(Fate::Withheld(one)), Fated::Withheld(kept)) => {
                self.is_kept(s, &one.outcome, *kept, now)
            }
            _ => false,
        }
    }

    fn is_kept(&self, s: usize, outcome: &Outcome, kept: Kept, now: Now) -> bool {
        match (outcome, kept) {
            (
                Outcome::Retry { history, alone, due },
                Kept::Retry { history: expected, alone: expected_alone, delay_ms },
            ) => {
                (*history, *alone) == (expected, expected_alone)
                    && self.is_due_in_time(s, *due, (expected, delay_ms), now)
            }
            (Outcome::Letter { reason, .. }, Kept::Letter(expected, _)) => *reason == expected,
            (Outcome::Drop { failed }, Kept::Drop { failed: expected }) => *failed == expected,
            _ => false,
        }
    }

    /// A delay that was asked for is exact; the backoff's lies within its jitter.
    fn is_due_in_time(
        &self,
        s: usize,
        due: Duration,
        (history, delay_ms): (History, u32),
        now: Now,
    ) -> bool {
        let delay = due.saturating_sub(now.monotonic);
        if delay_ms > 0 {
            return delay == Duration::from_millis(u64::from(delay_ms));
        }
        let backoff = &self.subscriptions[s].rules.backoff;
        let doubled = backoff.factor.powi(history.failures as i32 - 1);
        let middle = (backoff.initial.as_secs_f64() * doubled).min(backoff.max.as_secs_f64());
        let off = (delay.as_secs_f64() - middle).abs();
        off <= middle * backoff.jitter + 1e-6
    }
}
