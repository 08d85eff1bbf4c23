//! Dead letters: in their topic until redriven, purged or expired, with the whole story.

use std::collections::BTreeMap;
use std::rc::Rc;

use millstream_message::{Batch, TopicId};
use millstream_queue::core::{Answer, Letter};
use millstream_queue::{DEAD_LETTER_PREFIX, DeadLetterReason, History, Now, TopicKind};

use super::{Check, Item, Model, Parcel, Place, Step, ensure};

/// By topic that keeps its messages: what lies there, by sequence number.
pub(crate) type Letters = BTreeMap<usize, BTreeMap<u64, Batch>>;

/// What a dead letter must tell.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) subscription: usize,
    pub(crate) original: Rc<Parcel>,
    pub(crate) reason: DeadLetterReason,
    pub(crate) history: History,
    /// The key that it stops.
    pub(crate) stops: Option<u64>,
    /// Whether it was read and found complete.
    pub(crate) is_seen: bool,
}

impl Told {
    /// The letter as a message of its topic.
    pub(crate) fn buried(&self, subscription: &str, wall_ms: u64) -> Parcel {
        let id = self.original.id.dead_letter(subscription);
        let Parcel { key, payload, .. } = (*self.original).clone();
        Parcel::new(id, key, payload, wall_ms)
    }

    fn is_told_by(&self, letter: &Batch) -> bool {
        let message = letter.get(0);
        let header = |name: &str| message.header(&format!("{DEAD_LETTER_PREFIX}{name}"));
        header("reason") == Some(&self.reason.to_string())
            && header("attempts") == Some(&self.history.failures.to_string())
            && header("deliveries") == Some(&self.history.deliveries.to_string())
            && header("id") == Some(&self.original.id.to_string())
            && header("subscription") == Some(&format!("sub-{}", self.subscription))
            && header("error").is_some_and(|error| !error.is_empty())
            && ["topic", "plugin", "first-failed-at", "last-failed-at"]
                .iter()
                .all(|name| header(name).is_some())
            && message.payload() == self.original.payload
            && message.key() == self.original.key.as_deref()
    }
}

impl Model {
    /// What the topics keep must be what the model says; only what is too old may be gone.
    pub(crate) fn follow_letters(&mut self, step: &Step<'_>) -> Check {
        for (&t, found) in step.letters {
            let missing = self.topics[t].kept.keys().filter(|at| !found.contains_key(at));
            for sequence in missing.copied().collect::<Vec<u64>>() {
                let expires = self.topics[t].log[sequence as usize].0.expires_ms;
                ensure!(expires <= step.now.wall_ms, "topic-{t}: message {sequence} was lost");
                self.forget_kept(t, sequence);
            }
        }
        Ok(())
    }

    /// After all was followed: nothing there that should not be, and every letter is complete.
    pub(crate) fn compare_letters(&mut self, step: &Step<'_>) -> Check {
        for (&t, found) in step.letters {
            let rules = &self.topics[t].rules;
            let retains = rules.kind == TopicKind::Command && !rules.retain.is_zero();
            if !self.topics[t].keeps() || retains {
                // Somebody has just begun to read it, or did and what he had is retained.
                continue;
            }
            for (sequence, letter) in found {
                let id = letter.ids()[0];
                let Some(kept) = self.topics[t].kept.get_mut(sequence) else {
                    return Err(format!("topic-{t}: holds {id} as {sequence}, which is gone"));
                };
                let Some(told) = kept.as_mut().filter(|told| !told.is_seen) else { continue };
                told.is_seen = true;
                ensure!(told.is_told_by(letter), "topic-{t}: {letter:?} does not tell {told:?}");
            }
        }
        Ok(())
    }

    /// A message leaves a topic that keeps it, and all its readers that do not hold it.
    pub(crate) fn forget_kept(&mut self, t: usize, sequence: u64) {
        let topic = &mut self.topics[t];
        topic.kept.remove(&sequence);
        topic.gone.insert(sequence);
        for &reader in &topic.readers {
            let subscription = &mut self.subscriptions[reader];
            let place = Place::Log(sequence);
            if subscription.items.get(&place).is_some_and(|item| !item.is_leased()) {
                subscription.items.remove(&place);
                subscription.counts.purged += 1;
            }
        }
    }

    pub(crate) fn redrive(
        &mut self,
        s: usize,
        letters: &[Letter],
        answer: &Answer,
        now: Now,
    ) -> Check {
        let max = self.subscriptions[s].rules.max_parked;
        let mut parked = self.seen.subscriptions[s].parked;
        let (mut looked_at, mut moved) = (0, 0);
        for letter in letters {
            if parked >= max {
                break;
            }
            looked_at += 1;
            if !self.holds(letter) {
                continue;
            }
            (moved, parked) = (moved + 1, parked + 1);
            self.bring_back(s, letter, now);
            self.forget_kept(letter.topic.0 as usize, letter.sequence);
            self.admit(letter.topic.0 as usize, now)?;
        }
        self.expect_moved(answer, looked_at, moved)
    }

    fn bring_back(&mut self, s: usize, letter: &Letter, now: Now) {
        let serial = self.next_serial();
        let kept = &self.topics[letter.topic.0 as usize].kept[&letter.sequence];
        if let Some(told) = kept {
            let item = Item::redriven(&told.original, &letter.message, now.monotonic);
            let subscription = &mut self.subscriptions[s];
            subscription.items.insert(Place::Redriven(serial), item);
            subscription.counts.redriven += 1;
        }
    }

    pub(crate) fn purge_letters(&mut self, letters: &[Letter], answer: &Answer, now: Now) -> Check {
        let mut moved = 0;
        for letter in letters {
            if self.holds(letter) {
                moved += 1;
                self.forget_kept(letter.topic.0 as usize, letter.sequence);
                self.admit(letter.topic.0 as usize, now)?;
            }
        }
        self.expect_moved(answer, letters.len() as u64, moved)
    }

    fn expect_moved(&self, answer: &Answer, expected: u64, expected_moved: u64) -> Check {
        let Answer::Moved { looked_at, moved } = *answer else {
            return Err(format!("letters were answered {answer:?}"));
        };
        ensure!(
            (looked_at, moved) == (expected, expected_moved),
            "letters: looked at {looked_at}, moved {moved}; not {expected} and {expected_moved}"
        );
        Ok(())
    }

    fn holds(&self, letter: &Letter) -> bool {
        self.topics[letter.topic.0 as usize].kept.contains_key(&letter.sequence)
    }

    /// The dead letters that the subscription left, as a caller who browses would name them.
    pub(crate) fn letters_of(&self, s: usize) -> Vec<(TopicId, u64, Rc<Parcel>)> {
        let topics = self.topics.iter().enumerate();
        topics
            .flat_map(|(t, topic)| topic.kept.iter().map(move |(at, told)| (t, *at, told)))
            .filter_map(|(t, at, told)| told.as_ref().map(|told| (t, at, told)))
            .filter(|(_, _, told)| told.subscription == s)
            .map(|(t, at, told)| (TopicId(t as u32), at, Rc::clone(&told.original)))
            .collect()
    }

    /// Dead letters that each stop a key of the subscription.
    pub(crate) fn stopping(&self, s: usize) -> u64 {
        let letters = self.topics.iter().flat_map(|topic| topic.kept.values().flatten());
        letters.filter(|told| told.subscription == s && told.stops.is_some()).count() as u64
    }
}

impl Parcel {
    /// Whether a batch of one is this message.
    pub(crate) fn is(&self, one: &Batch) -> Check {
        let message = one.get(0);
        ensure!(message.id() == self.id, "is {}, not {}", message.id(), self.id);
        ensure!(message.key() == self.key.as_deref(), "has the key {:?}", message.key());
        ensure!(message.payload() == self.payload, "has another payload");
        Ok(())
    }
}
