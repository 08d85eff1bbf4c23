//! What was attempted and what was answered, and what may therefore be found later.
//!
//! Each message at each subscription is a [`Spot`]; what may be true of it is a set. An attempt
//! widens the sets of its spots, an answer narrows them again. What is found after a crash must lie
//! in the sets, and an attempt without an answer must have happened as a whole or not at all.

use std::collections::BTreeMap;

use millstream_message::MessageId;

/// Something that a journal remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    /// A message at a subscription.
    Message(u32, MessageId),
    /// That the source has come this far.
    Position(u64),
    /// That a subscription is paused.
    Paused(u32),
}

/// What may be true of a spot.
pub(crate) type Set = u8;
/// It is not there, or no more.
pub(crate) const AWAY: Set = 1;
/// It is there.
pub(crate) const THERE: Set = 2;
/// It is a dead letter.
pub(crate) const LETTER: Set = 4;

/// What an act does with a spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Arrives,
    /// Arrives unless it is a repeat.
    MayArrive,
    Leaves,
    MayLeave,
    /// Becomes a dead letter.
    DeadLettered,
    Redriven,
    Stays,
}

/// Names an attempt.
pub(crate) type Act = u64;

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Attempted(Act, Vec<(Spot, Effect)>),
    Accepted(Act, Vec<MessageId>),
    Refused(Act),
    /// What happens by itself and may be lost.
    Passed(Vec<(Spot, Effect)>),
    /// A worker got these: they are there.
    Granted(Vec<Spot>),
    /// The process has ended: nothing that was not answered will be.
    Ended,
}

/// All that happened, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    acts: Act,
}

/// What may be found.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) spots: BTreeMap<Spot, Set>,
    /// Attempts without an answer.
    pub(crate) open: BTreeMap<Act, Vec<Change>>,
}

/// What an attempt does with a spot.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) spot: Spot,
    pub(crate) before: Set,
    /// When the attempt has happened.
    pub(crate) after: Set,
    /// When it was accepted and the spot is no repeat.
    accepted: Set,
}

impl Ledger {
    /// Before an act begins.
    pub(crate) fn attempt(&mut self, effects: Vec<(Spot, Effect)>) -> Act {
        self.acts += 1;
        self.entries.push(Entry::Attempted(self.acts, effects));
        self.acts
    }

    pub(crate) fn note(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Entries so far.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether an act was answered since there were `entries`.
    pub(crate) fn answered_since(&self, entries: usize) -> bool {
        let answer = |entry: &Entry| matches!(entry, Entry::Accepted(..) | Entry::Refused(_));
        self.entries[entries..].iter().any(answer)
    }

    /// What may be found when the first `entries` of this ledger happened, and of the acts after
    /// them any number.
    pub(crate) fn expected_at_least(&self, entries: usize) -> Expected {
        let mut expected = self.expected(entries);
        for entry in &self.entries[entries..] {
            match entry {
                Entry::Attempted(..) | Entry::Passed(_) => expected.enter(entry),
                Entry::Accepted(..) | Entry::Refused(_) | Entry::Granted(_) | Entry::Ended => {}
            }
        }
        expected
    }

    /// What may be found when the first `entries` of this ledger happened.
    pub(crate) fn expected(&self, entries: usize) -> Expected {
        let mut expected = Expected::default();
        self.entries[..entries].iter().for_each(|entry| expected.enter(entry));
        expected
    }

    /// Whether the first `entries` tell of an answer to the publish of `id` that took it.
    pub(crate) fn accepted(&self, entries: usize, spot: Spot) -> bool {
        let mut act = None;
        self.entries[..entries].iter().any(|entry| match entry {
            Entry::Attempted(this, effects) => {
                let arrives = |(to, effect): &(Spot, Effect)| {
                    *to == spot && matches!(effect, Effect::Arrives | Effect::MayArrive)
                };
                act = act.or_else(|| effects.iter().any(arrives).then_some(*this));
                false
            }
            Entry::Accepted(this, repeats) => {
                let repeat = |id: &MessageId| matches!(spot, Spot::Message(_, of) if of == *id);
                act == Some(*this) && !repeats.iter().any(repeat)
            }
            _ => false,
        })
    }

    /// What was told of one spot.
    pub(crate) fn story(&self, entries: usize, spot: Spot) -> Vec<String> {
        let mut acts = Vec::new();
        let mut story = Vec::new();
        for (place, entry) in self.entries[..entries].iter().enumerate() {
            let told = match entry {
                Entry::Attempted(act, effects) => {
                    let of_it = effects.iter().find(|(to, _)| *to == spot);
                    acts.extend(of_it.map(|_| *act));
                    of_it.map(|(_, effect)| format!("act {act}: {effect:?}"))
                }
                Entry::Passed(effects) => {
                    let of_it = effects.iter().find(|(to, _)| *to == spot);
                    of_it.map(|(_, effect)| format!("passed: {effect:?}"))
                }
                Entry::Accepted(act, _) | Entry::Refused(act) => {
                    acts.contains(act).then(|| format!("{entry:?}"))
                }
                Entry::Granted(spots) => spots.contains(&spot).then(|| "granted".to_owned()),
                Entry::Ended => Some("the process ended".to_owned()),
            };
            story.extend(told.map(|told| format!("{place}: {told}")));
        }
        story
    }
}

impl Expected {
    fn enter(&mut self, entry: &Entry) {
        match entry {
            Entry::Attempted(act, effects) => {
                let changes = effects.iter().map(|(spot, effect)| {
                    let before = self.of(spot);
                    let after = effect.apply(before);
                    let accepted = if *effect == Effect::MayArrive { THERE } else { after };
                    Change { spot: *spot, before, after, accepted }
                });
                let changes: Vec<Change> = changes.collect();
                for Change { spot, before, after, .. } in &changes {
                    self.spots.insert(*spot, before | after);
                }
                self.open.insert(*act, changes);
            }
            Entry::Accepted(act, repeats) => self.close(*act, |change| match change.spot {
                Spot::Message(_, id) if repeats.contains(&id) => change.before,
                _ => change.accepted,
            }),
            Entry::Refused(act) => self.close(*act, |change| change.before),
            Entry::Passed(effects) => {
                for (spot, effect) in effects {
                    let before = self.of(spot);
                    self.spots.insert(*spot, before | effect.apply(before));
                }
            }
            Entry::Granted(spots) => {
                spots.iter().for_each(|spot| _ = self.spots.insert(*spot, THERE));
            }
            Entry::Ended => self.open.clear(),
        }
    }

    fn close(&mut self, act: Act, settled: impl Fn(&Change) -> Set) {
        for change in self.open.remove(&act).unwrap_or_default() {
            self.spots.insert(change.spot, settled(&change));
        }
    }

    fn of(&self, spot: &Spot) -> Set {
        self.spots.get(spot).copied().unwrap_or(AWAY)
    }
}

impl Effect {
    fn apply(self, set: Set) -> Set {
        let moved = |from: Set, to: Set| if set & from != 0 { set & !from | to } else { set };
        match self {
            Self::Arrives => THERE,
            Self::MayArrive => AWAY | THERE,
            Self::Leaves => moved(THERE, AWAY),
            Self::MayLeave => set | AWAY,
            Self::DeadLettered => moved(THERE, LETTER),
            Self::Redriven => moved(LETTER, THERE),
            Self::Stays => set,
        }
    }
}
