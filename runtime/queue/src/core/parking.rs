//! Failed messages that wait for their retry, outside the window of what is in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use super::pending::{Copied, Due, Pending, Place};
use crate::codec::{Codec, Malformed};
use crate::publication::NEVER;

/// The due time of what is withheld until a trial is decided.
pub(super) const WITHHELD: Duration = Duration::MAX;

/// Parked messages by due time, with what it takes to find the oldest and the expired ones.
#[derive(Debug, Default)]
pub(super) struct Parking {
    by_due: BTreeMap<Due, Pending>,
    /// By age and serial number; redriven ones left out, since they are never dropped.
    by_age: BTreeMap<(u64, u64), Due>,
    by_expiry: BTreeSet<(u64, Due)>,
    /// Messages that are withheld.
    withheld: u64,
    /// For the old version and the one on trial: up to here all that is due is the other's.
    passed: [Due; 2],
}

impl Parking {
    pub(super) fn len(&self) -> u64 {
        self.by_due.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_due.is_empty()
    }

    /// Messages that are withheld until a trial is decided.
    pub(super) fn withheld(&self) -> u64 {
        self.withheld
    }

    /// Whether some message waits for its time.
    pub(super) fn has_timed(&self) -> bool {
        self.len() > self.withheld
    }

    /// Parks a copy until `due` (monotonic time).
    pub(super) fn insert(&mut self, pending: Pending, due: Duration) {
        let Some(copy) = copied(&pending) else { return };
        let key = (due, copy.serial);
        if !pending.redriven {
            self.by_age.insert((copy.age, copy.serial), key);
        }
        if copy.expires_ms != NEVER {
            self.by_expiry.insert((copy.expires_ms, key));
        }
        self.withheld += u64::from(due == WITHHELD);
        self.passed.iter_mut().for_each(|passed| *passed = key.min(*passed));
        self.by_due.insert(key, pending);
    }

    /// Whom parked messages are for has changed.
    pub(super) fn share_out_anew(&mut self) {
        self.passed = Default::default();
    }

    /// The version of `lane` looked at everything before `key`, and nothing of it is its own.
    pub(super) fn pass(&mut self, lane: usize, key: Due) {
        self.passed[lane] = key;
    }

    /// One withheld message.
    pub(super) fn take_withheld(&mut self) -> Option<Pending> {
        let (key, _) = self.by_due.range((WITHHELD, 0)..).next()?;
        let key = *key;
        self.remove(&key)
    }

    /// Takes all, with their due times.
    pub(super) fn take_all(&mut self) -> Vec<(Duration, Pending)> {
        let all = std::mem::take(self).by_due;
        all.into_iter().map(|((due, _), pending)| (due, pending)).collect()
    }

    pub(super) fn remove(&mut self, key: &Due) -> Option<Pending> {
        let pending = self.by_due.remove(key)?;
        self.withheld -= u64::from(key.0 == WITHHELD);
        if let Some(copy) = copied(&pending) {
            self.by_age.remove(&(copy.age, copy.serial));
            self.by_expiry.remove(&(copy.expires_ms, *key));
        }
        Some(pending)
    }

    pub(super) fn visit(&mut self, visit: &mut dyn FnMut(&mut Copied)) {
        self.by_due.values_mut().for_each(|pending| pending.visit_copy(visit));
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        let first = self.by_due.first_key_value().map(|((due, _), _)| *due);
        first.filter(|due| *due != WITHHELD)
    }

    /// When the next message is due that is not due yet: what is due now may be another version's.
    pub(super) fn next_due_after(&self, now: Duration) -> Option<Duration> {
        let later = (Bound::Excluded((now, u64::MAX)), Bound::Unbounded);
        let next = self.by_due.range(later).next().map(|((due, _), _)| *due);
        next.filter(|due| *due != WITHHELD)
    }

    /// Messages that are due, the first due first; without those that are known to be another's.
    pub(super) fn due(
        &self,
        now: Duration,
        lane: Option<usize>,
    ) -> impl Iterator<Item = (&Due, &Pending)> {
        let from = lane.map_or((Duration::ZERO, 0), |lane| self.passed[lane]);
        let until = (now, u64::MAX);
        self.by_due.range(from.min(until)..=until)
    }

    /// The age of the first message, by age from `age` on, that was not redriven.
    pub(super) fn next_of_age(&self, age: u64) -> Option<u64> {
        self.by_age.range((age, 0)..).next().map(|((age, _), _)| *age)
    }

    /// The parked message that was `sequence` in the log.
    pub(super) fn of_sequence(&self, sequence: u64) -> Option<Due> {
        self.by_age.range((sequence, 0)..=(sequence, u64::MAX)).next().map(|(_, key)| *key)
    }

    /// The first message that has expired at `wall_ms`.
    pub(super) fn expired(&self, wall_ms: u64) -> Option<Due> {
        self.by_expiry.first().filter(|(at, _)| *at <= wall_ms).map(|(_, key)| *key)
    }

    /// Any message: the first due.
    pub(super) fn first(&self) -> Option<Due> {
        self.by_due.first_key_value().map(|(key, _)| *key)
    }
}

fn copied(pending: &Pending) -> Option<&Copied> {
    match &pending.place {
        Place::Copy(copied) => Some(copied),
        Place::Log(_) => None,
    }
}

impl Codec for Parking {
    fn put(&self, out: &mut Vec<u8>) {
        (self.by_due.len() as u32).put(out);
        for ((due, _), pending) in &self.by_due {
            due.put(out);
            pending.put(out);
        }
        let [old, trial] = self.passed;
        (old, trial).put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let mut parking = Self::default();
        for _ in 0..crate::codec::count(from, 1)? {
            let due = Duration::get(from)?;
            parking.insert(Pending::get(from)?, due);
        }
        let (old, trial) = Codec::get(from)?;
        parking.passed = [old, trial];
        Ok(parking)
    }
}
