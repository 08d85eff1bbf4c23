//! Which dedup ids a topic has seen within its window.

use std::collections::BTreeSet;
use std::ops::Range;

use millstream_message::MessageId;

use super::Refusal;
use super::hashed::Hashed;
use crate::codec::{Codec, Malformed};
use crate::publication::{Arrival, Duplicate, Publication};
use crate::rules::DedupRules;

/// Remembers ids by time, never forgets one early, and refuses new ones at its bound.
#[derive(Debug)]
pub(super) struct Dedup {
    rules: Option<DedupRules>,
    /// The message that came first under each id.
    first: Hashed<u128, MessageId>,
    /// Ids by the end of their window: milliseconds since the Unix epoch.
    until: BTreeSet<(u64, u128)>,
}

impl Dedup {
    pub(super) fn new(rules: Option<DedupRules>) -> Self {
        Self { rules, first: Hashed::default(), until: BTreeSet::new() }
    }

    pub(super) fn set_rules(&mut self, rules: Option<DedupRules>) {
        self.rules = rules;
    }

    pub(super) fn len(&self) -> u64 {
        self.first.len() as u64
    }

    /// Forgets ids whose window has ended: at most `ids_max` of them.
    pub(super) fn forget(&mut self, wall_ms: u64, ids_max: usize) {
        for _ in 0..ids_max {
            let Some((_, id)) = self.until.first().copied().filter(|(end, _)| *end <= wall_ms)
            else {
                return;
            };
            self.until.pop_first();
            self.first.remove(&id);
        }
    }

    /// Takes repeats out of `publication`: of what came before, and within itself.
    pub(super) fn sift(
        &self,
        publication: Publication,
        repeats: &mut Vec<Duplicate>,
    ) -> Publication {
        if self.rules.is_none() || publication.arrivals().all(|arrival| arrival.dedup.is_empty()) {
            return publication;
        }
        let mut new = Hashed::default();
        let mut sifted = Publication { position: publication.position, ..Publication::default() };
        for arrival in publication.visible {
            let runs = self.new_runs(&arrival, &mut new, repeats);
            sifted.visible.extend(runs.into_iter().map(|run| arrival.copy_out(run)));
        }
        for (due, arrival) in publication.delayed {
            let runs = self.new_runs(&arrival, &mut new, repeats);
            sifted.delayed.extend(runs.into_iter().map(|run| (due, arrival.copy_out(run))));
        }
        sifted
    }

    /// Whether the ids of `publication` find room.
    pub(super) fn check_room(&self, publication: &Publication) -> Result<(), Refusal> {
        let Some(rules) = self.rules else { return Ok(()) };
        let ids = publication.arrivals().flat_map(|arrival| &arrival.dedup);
        let ids = ids.filter(|id| **id != 0).count() as u64;
        if ids > 0 && self.len() + ids > rules.ids_max {
            return Err(Refusal::DedupFull);
        }
        Ok(())
    }

    /// Remembers the ids of messages that are accepted.
    pub(super) fn remember(&mut self, arrival: &Arrival, wall_ms: u64) {
        let Some(rules) = self.rules else { return };
        let end = wall_ms.saturating_add(rules.window.as_millis() as u64);
        for (&id, &message) in arrival.dedup.iter().zip(arrival.batch.ids()) {
            if id != 0 {
                self.first.insert(id, message);
                self.until.insert((end, id));
            }
        }
    }

    fn new_runs(
        &self,
        arrival: &Arrival,
        new: &mut Hashed<u128, MessageId>,
        repeats: &mut Vec<Duplicate>,
    ) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (i, &message) in arrival.batch.ids().iter().enumerate() {
            let id = arrival.dedup.get(i).copied().unwrap_or(0);
            let first = self.first.get(&id).or_else(|| new.get(&id)).copied();
            if let Some(first) = first.filter(|_| id != 0) {
                repeats.push(Duplicate { refused: message, first });
                continue;
            }
            new.insert(id, message);
            match runs.last_mut().filter(|run| run.end == i) {
                Some(run) => run.end = i + 1,
                None => runs.push(i..i + 1),
            }
        }
        runs
    }
}

impl Codec for Dedup {
    fn put(&self, out: &mut Vec<u8>) {
        self.rules.put(out);
        (self.until.len() as u32).put(out);
        for (end, id) in &self.until {
            (*end, *id).put(out);
            self.first.get(id).copied().put(out);
        }
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let mut dedup = Self::new(Codec::get(from)?);
        for _ in 0..crate::codec::count(from, 1)? {
            let (end, id) = <(u64, u128)>::get(from)?;
            dedup.until.insert((end, id));
            dedup.first.extend(Option::get(from)?.map(|message| (id, message)));
        }
        Ok(dedup)
    }
}
