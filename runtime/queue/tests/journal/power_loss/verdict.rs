//! Holds what was found against what may be found.

use std::collections::BTreeMap;

use millstream_message::MessageId;
use millstream_queue::Ordering;

use super::history::History;
use super::ledger::{AWAY, Change, Expected, LETTER, Set, Spot, THERE};
use super::survey::{Check, Found};

pub(crate) struct Verdict<'a> {
    history: &'a History,
    /// What of its ledger had happened.
    entries: usize,
    expected: Expected,
}

impl<'a> Verdict<'a> {
    /// For what is found after the first `entries` of the ledger.
    pub(crate) fn new(history: &'a History, entries: usize) -> Self {
        Self { history, entries, expected: history.ledger.expected(entries) }
    }

    /// For what is found after at least the first `entries`, when some of the later ones may be
    /// lost although they were answered.
    pub(crate) fn at_least(history: &'a History, entries: usize) -> Self {
        let expected = history.ledger.expected_at_least(entries);
        Self { history, entries: history.ledger.len(), expected }
    }

    pub(crate) fn on(&self, found: &Found) -> Check {
        for (spot, set) in &self.expected.spots {
            let seen = self.seen(*spot, found);
            if seen & set == 0 && !self.is_anybodys(*spot) {
                return Err(self.wrong(*spot, *set, seen));
            }
        }
        let known = &self.expected.spots;
        if let Some((spot, seen)) = found.spots.iter().find(|(spot, _)| !known.contains_key(spot)) {
            return Err(self.wrong(*spot, AWAY, *seen));
        }
        for (act, changes) in &self.expected.open {
            self.whole(*act, changes, found)?;
        }
        found.order.iter().try_for_each(|(s, order)| self.in_order(*s, order))
    }

    /// An act without an answer has happened as a whole or not at all.
    fn whole(&self, act: u64, changes: &[Change], found: &Found) -> Check {
        let fit = |set: fn(&Change) -> Set| {
            let mut fixed = changes.iter().filter(|change| !self.is_anybodys(change.spot));
            fixed.all(|change| self.seen(change.spot, found) & set(change) != 0)
        };
        if fit(|change| change.before) || fit(|change| change.after) {
            return Ok(());
        }
        let seen = changes.iter().map(|change| (change, self.seen(change.spot, found)));
        let seen: Vec<_> = seen.collect();
        Err(format!("act {act} is half done: {seen:?}"))
    }

    fn in_order(&self, s: u32, order: &[MessageId]) -> Check {
        let ordering = self.history.world.subscriptions[s as usize].ordering;
        let mut last: BTreeMap<Option<&str>, (u64, MessageId)> = BTreeMap::new();
        for id in order {
            let parcel = &self.history.parcels[id];
            // Publishers at the same time are in no order among each other.
            let (key, turn) = match (ordering, parcel.turn) {
                (Ordering::Key, Some(turn)) if parcel.key.is_some() => {
                    (parcel.key.as_deref(), turn)
                }
                (Ordering::Strict, Some(turn)) => (None, turn >> 32),
                _ => continue,
            };
            let before = last.insert(key, (turn, *id));
            if let Some((earlier, before)) = before.filter(|(earlier, _)| *earlier > turn) {
                return Err(format!(
                    "{id} (turn {turn:x}) comes after {before} (turn {earlier:x}) at {s}, key {key:?}"
                ));
            }
        }
        Ok(())
    }

    /// What may be old by now may be anything.
    fn is_anybodys(&self, spot: Spot) -> bool {
        match spot {
            Spot::Message(_, id) => self.history.parcels.get(&id).is_some_and(|one| one.expires),
            Spot::Position(_) | Spot::Paused(_) => false,
        }
    }

    fn seen(&self, spot: Spot, found: &Found) -> Set {
        match spot {
            Spot::Position(at) if found.position >= at => THERE,
            spot => found.spots.get(&spot).copied().unwrap_or(AWAY),
        }
    }

    fn wrong(&self, spot: Spot, expected: Set, seen: Set) -> String {
        let story = self.history.ledger.story(self.entries, spot).join("\n  ");
        format!("{spot:?} is {}, not {}:\n  {story}", name(seen), name(expected))
    }
}

fn name(set: Set) -> String {
    let names = [(AWAY, "away"), (THERE, "there"), (LETTER, "a dead letter")];
    let of_it = names.iter().filter(|(one, _)| set & one != 0).map(|(_, name)| *name);
    of_it.collect::<Vec<_>>().join(" or ")
}
