//! Failed messages that wait for their retry, outside the window of what is in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::pending::{Copied, Due, Pending, Place};
use crate::codec::{Codec, Malformed};
use crate::publication::NEVER;

/// Parked messages by due time, with what it takes to find the oldest and the expired ones.
#[derive(Debug, Default)]
pub(super) struct Parking {
    by_due: BTreeMap<Due, Pending>,
    /// By age and serial number; redriven ones left out, since they are never dropped.
    by_age: BTreeMap<(u64, u64), Due>,
    by_expiry: BTreeSet<(u64, Due)>,
}

impl Parking {
    pub(super) fn len(&self) -> u64 {
        self.by_due.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_due.is_empty()
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
        self.by_due.insert(key, pending);
    }

    /// Takes all, with their due times.
    pub(super) fn take_all(&mut self) -> Vec<(Duration, Pending)> {
        let all = std::mem::take(self).by_due;
        all.into_iter().map(|((due, _), pending)| (due, pending)).collect()
    }

    pub(super) fn remove(&mut self, key: &Due) -> Option<Pending> {
        let pending = self.by_due.remove(key)?;
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
        self.by_due.first_key_value().map(|((due, _), _)| *due)
    }

    /// Messages that are due, the first due first.
    pub(super) fn due(&self, now: Duration) -> impl Iterator<Item = (&Due, &Pending)> {
        self.by_due.range(..=(now, u64::MAX))
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
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let mut parking = Self::default();
        for _ in 0..crate::codec::count(from, 1)? {
            let due = Duration::get(from)?;
            parking.insert(Pending::get(from)?, due);
        }
        Ok(parking)
    }
}
