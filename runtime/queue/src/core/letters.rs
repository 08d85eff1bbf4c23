//! Dead letters on their way back, or away.

use millstream_message::SubscriptionId;

use super::forget::{Letter, Loss};
use super::pending::{Copied, Pending, Place};
use super::{Answer, Core, Effects, MAX_STEP_MESSAGES, Refusal};
use crate::clock::Now;
use crate::publication::NEVER;

impl Core {
    /// Puts dead letters back, to this subscription only, each as if new. At most a step's work and
    /// as many as may be parked: the answer says how many of the list were looked at and moved.
    pub(super) fn redrive(
        &mut self,
        id: SubscriptionId,
        letters: Vec<Letter>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let place = id.0 as usize;
        self.subscriptions.get(place).ok_or(Refusal::Unknown)?;
        let (mut looked_at, mut moved) = (0, 0);
        for letter in letters.into_iter().take(MAX_STEP_MESSAGES) {
            if self.subscriptions[place].is_parking_full() {
                break;
            }
            looked_at += 1;
            if self.holds(&letter) {
                self.take_in(place, &letter);
                self.forget(letter.topic, letter.sequence, Loss::Purged, effects);
                self.make_room(letter.topic, now, effects);
                moved += 1;
            }
        }
        effects.wake.push(id);
        Ok(Answer::Moved { looked_at, moved })
    }

    /// Takes dead letters out of their topic for good.
    pub(super) fn purge_letters(
        &mut self,
        letters: Vec<Letter>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let (mut looked_at, mut moved) = (0, 0);
        for letter in letters.into_iter().take(MAX_STEP_MESSAGES) {
            looked_at += 1;
            if self.holds(&letter) {
                self.forget(letter.topic, letter.sequence, Loss::Purged, effects);
                self.make_room(letter.topic, now, effects);
                moved += 1;
            }
        }
        Ok(Answer::Moved { looked_at, moved })
    }

    /// Whether the letter is where it was seen: somebody may have been faster.
    fn holds(&mut self, letter: &Letter) -> bool {
        let Some(topic) = self.topics.get_mut(letter.topic.0 as usize) else { return false };
        topic.seal();
        let found = topic.find(letter.sequence);
        topic.keeps()
            && found.is_some_and(|(entry, i)| {
                !entry.is_gone(i) && entry.id(i).is_some_and(|id| id == letter.id)
            })
    }

    fn take_in(&mut self, place: usize, letter: &Letter) {
        let serial = self.next_serial();
        let subscription = &mut self.subscriptions[place];
        let topic = &mut self.topics[subscription.rules.topic.0 as usize];
        let message = letter.message.clone();
        topic.add_copy(&message);
        let hash = match subscription.by_key() {
            true => message.get(0).order_hash(),
            false => 0,
        };
        let (age, stored, withheld) = (topic.next, letter.stored, None);
        let copied = Copied { message, expires_ms: NEVER, age, serial, stored, withheld };
        let place = Place::Copy(Box::new(copied));
        let pending = Pending { place, redriven: true, ..Pending::of_log(0, hash) };
        subscription.counters.redriven += 1;
        match hash {
            0 => subscription.parking.insert(pending, std::time::Duration::ZERO),
            _ => subscription.keys.push_redriven(pending),
        }
    }
}
