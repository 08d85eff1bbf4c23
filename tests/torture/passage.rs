//! What goes into a subscription must come out of it: once inside, at least once outside.

use std::collections::{BTreeMap, BTreeSet};

use crate::sightings::Sight;
use crate::tally::Tally;

/// The reason of a dead letter that only crashes made.
pub(crate) const CRASHED: &str = "crashed";

/// One subscription, what it was given and what became of it.
pub(crate) struct Passage {
    pub(crate) subscription: &'static str,
    /// What must come out of each message.
    pub(crate) expected: BTreeMap<u64, Out>,
    /// How often each came out.
    pub(crate) through: BTreeMap<u64, u64>,
    /// The reasons of the dead letters of each.
    pub(crate) letters: BTreeMap<u64, Vec<String>>,
}

/// What a message is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Out {
    /// It is handed on.
    Through,
    /// A dead letter, for this reason.
    Letter(&'static str),
}

/// Whether a message may come out more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An output, which commits with the ack.
    Inside,
    /// A delivery to somebody else, who may be told again.
    Outside,
}

impl Passage {
    pub(crate) fn verify(&self, effect: Effect, tally: &mut Tally) {
        for (&number, &out) in &self.expected {
            self.verify_one(number, out, effect, tally);
        }
        let came = self.through.keys().chain(self.letters.keys()).collect::<BTreeSet<_>>();
        for number in came.into_iter().filter(|number| !self.expected.contains_key(number)) {
            tally.repeat(1, || format!("{}: {number} came out and was not due", self.subscription));
        }
    }

    fn verify_one(&self, number: u64, out: Out, effect: Effect, tally: &mut Tally) {
        let through = self.through.get(&number).copied().unwrap_or_default();
        let reasons = self.letters.get(&number).map(Vec::as_slice).unwrap_or_default();
        let told = || {
            let name = self.subscription;
            format!("{name}: {number} is to be {out:?}, came {through} times, dead: {reasons:?}")
        };
        tally.crashed += reasons.iter().filter(|&reason| reason == CRASHED).count() as u64;
        match (reasons, out, effect) {
            ([], Out::Through, Effect::Outside) => tally.lose(u64::from(through == 0), told),
            ([], Out::Through, Effect::Inside) => {
                tally.lose(u64::from(through == 0), told);
                tally.repeat(through.saturating_sub(1), told);
            }
            ([], Out::Letter(_), _) => tally.lose(1, told),
            // It may have been told before it was given up.
            ([one], _, Effect::Outside) if one == CRASHED => (),
            ([one], _, Effect::Inside) if one == CRASHED => tally.repeat(through, told),
            ([one], Out::Letter(reason), _) if one == reason => tally.repeat(through, told),
            ([_], _, _) => tally.lose(1, told),
            ([_, more @ ..], _, _) => tally.repeat(more.len() as u64 + through, told),
        }
    }
}

/// How often each number was seen.
pub(crate) fn counts(sights: &[Sight]) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for sight in sights {
        *counts.entry(sight.number).or_default() += 1;
    }
    counts
}

/// The numbers that were seen, each to be handed on.
pub(crate) fn all_through(sights: &[Sight]) -> BTreeMap<u64, Out> {
    sights.iter().map(|sight| (sight.number, Out::Through)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found where message 1 was to become `out`, came out so often and died for these
    /// reasons: lost, repeated, crashed.
    fn found(effect: Effect, out: Out, came: u64, reasons: &[&str]) -> (u64, u64, u64) {
        let reasons: Vec<String> = reasons.iter().map(|&reason| reason.to_owned()).collect();
        let letters = [(1, reasons)].into_iter().filter(|(_, reasons)| !reasons.is_empty());
        let passage = Passage {
            subscription: "s",
            expected: [(1, out)].into(),
            through: [(1, came)].into_iter().filter(|_| came > 0).collect(),
            letters: letters.collect(),
        };
        let mut tally = Tally::default();
        passage.verify(effect, &mut tally);
        (tally.lost, tally.repeated, tally.crashed)
    }

    #[test]
    fn inside_a_message_has_its_effect_once() {
        let inside = |out, came, reasons: &[&str]| found(Effect::Inside, out, came, reasons);
        let rejected = Out::Letter("rejected");
        assert_eq!(inside(Out::Through, 1, &[]), (0, 0, 0));
        assert_eq!(inside(rejected, 0, &["rejected"]), (0, 0, 0));
        assert_eq!(inside(Out::Through, 0, &[]), (1, 0, 0));
        assert_eq!(inside(rejected, 0, &[]), (1, 0, 0));
        assert_eq!(inside(Out::Through, 3, &[]), (0, 2, 0));
        assert_eq!(inside(rejected, 0, &["rejected", "rejected"]), (0, 1, 0));
        assert_eq!(inside(rejected, 1, &["rejected"]), (0, 1, 0), "handed on and given up");
        assert_eq!(inside(Out::Through, 0, &["exhausted"]), (1, 0, 0), "given up without a reason");
        assert_eq!(inside(rejected, 0, &["exhausted"]), (1, 0, 0), "given up for another reason");
    }

    #[test]
    fn outside_a_message_may_come_again_but_must_come() {
        let outside = |out, came, reasons: &[&str]| found(Effect::Outside, out, came, reasons);
        assert_eq!(outside(Out::Through, 3, &[]), (0, 0, 0));
        assert_eq!(outside(Out::Through, 0, &[]), (1, 0, 0));
        assert_eq!(outside(Out::Letter("rejected"), 1, &["rejected"]), (0, 1, 0));
    }

    #[test]
    fn what_only_crashes_gave_up_is_neither_lost_nor_had_an_effect_inside() {
        for out in [Out::Through, Out::Letter("rejected")] {
            assert_eq!(found(Effect::Inside, out, 0, &["crashed"]), (0, 0, 1));
            assert_eq!(found(Effect::Inside, out, 1, &["crashed"]), (0, 1, 1));
            assert_eq!(found(Effect::Outside, out, 2, &["crashed"]), (0, 0, 1));
            assert_eq!(found(Effect::Outside, out, 0, &["crashed", "crashed"]), (0, 1, 2));
        }
    }

    #[test]
    fn what_nobody_published_is_a_repeated_effect() {
        let passage = Passage {
            subscription: "s",
            expected: BTreeMap::new(),
            through: [(1, 2)].into(),
            letters: [(1, vec!["rejected".to_owned()]), (2, vec!["crashed".to_owned()])].into(),
        };
        let mut tally = Tally::default();
        passage.verify(Effect::Outside, &mut tally);
        assert_eq!((tally.lost, tally.repeated), (0, 2));
    }
}
