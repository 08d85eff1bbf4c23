//! Messages that are too old, found without waiting for a worker.

use millstream_message::{SubscriptionId, TopicId};

use super::forget::Loss;
use super::lease::History;
use super::pending::Pending;
use super::subscription::{Span, Subscription};
use super::{Core, Effects, MAX_STEP_MESSAGES, TakenBack};
use crate::clock::Now;
use crate::rules::Expired;

/// Stands for parked messages among a topic's expiring entries.
pub(super) const PARKED: u64 = u64::MAX;

impl Core {
    /// Gives up messages of a topic that have expired: at most a step's work. Leased ones are left
    /// to their lease, and those whose dead-letter topic is full wait.
    pub(super) fn sweep(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        self.topics[id.0 as usize].seal();
        let mut left = MAX_STEP_MESSAGES;
        while left > 0 {
            let topic = &mut self.topics[id.0 as usize];
            let due = topic.expiring.first().copied().filter(|(at, _)| *at <= now.wall_ms);
            let Some((at, base)) = due else { return };
            topic.expiring.pop_first();
            let waits = match base {
                PARKED => self.sweep_parked(id, &mut left, now, effects),
                base => self.sweep_entry(id, base, &mut left, now, effects),
            };
            let topic = &mut self.topics[id.0 as usize];
            if waits {
                topic.expiry_waits.push((at, base));
            } else if left == 0 {
                topic.expiring.insert((at, base));
            }
        }
    }

    /// True when something has to wait.
    fn sweep_entry(
        &mut self,
        id: TopicId,
        base: u64,
        left: &mut usize,
        now: Now,
        effects: &mut Effects,
    ) -> bool {
        let topic = &self.topics[id.0 as usize];
        let Some(entry) = topic.log.get(topic.entry_of(base)) else { return false };
        if entry.base != base || entry.is_released() {
            return false;
        }
        let next = entry.expires.next_after(now.wall_ms);
        let expired: Vec<u64> = (0..entry.len())
            .filter(|&i| entry.expires.at(i) <= now.wall_ms)
            .map(|i| base + i as u64)
            .collect();
        let mut waits = false;
        for sequence in expired {
            if *left == 0 {
                return false;
            }
            waits |= self.expire(id, sequence, left, now, effects);
        }
        if let Some(next) = next {
            self.topics[id.0 as usize].expiring.insert((next, base));
        }
        waits
    }

    /// Gives up one message of the log for all who have it waiting. True when it has to wait.
    fn expire(
        &mut self,
        id: TopicId,
        sequence: u64,
        left: &mut usize,
        now: Now,
        effects: &mut Effects,
    ) -> bool {
        if self.topics[id.0 as usize].keeps() {
            *left -= usize::from(self.forget(id, sequence, Loss::Purged, effects));
            return false;
        }
        let readers = self.topics[id.0 as usize].subscriptions.clone();
        let waiting: Vec<SubscriptionId> = readers
            .into_iter()
            .filter(|reader| self.subscriptions[reader.0 as usize].waits_for(sequence))
            .collect();
        let blocked: Vec<bool> =
            waiting.iter().map(|reader| self.expiry_blocked(id, *reader, effects)).collect();
        if blocked.contains(&true) {
            return true;
        }
        let reached =
            |reader: &SubscriptionId| self.subscriptions[reader.0 as usize].cursor > sequence;
        let ahead = !waiting.iter().all(reached) && self.mark_gone(id, sequence);
        for reader in waiting {
            let Some(pending) = self.take_expired(reader.0 as usize, sequence, ahead) else {
                continue;
            };
            *left = left.saturating_sub(1);
            self.take_back_expired(reader, vec![pending], now, effects);
        }
        false
    }

    fn take_expired(&mut self, place: usize, sequence: u64, ahead: bool) -> Option<Pending> {
        let subscription = &mut self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let hash = match (subscription.by_key(), topic.find(sequence)) {
            (true, Some((entry, i))) => entry.hash(i),
            _ => 0,
        };
        let mut pending = Pending::of_log(sequence, hash);
        if sequence < subscription.cursor {
            if let Some(waiting) = subscription.keys.remove(sequence) {
                return Some(waiting);
            }
            let Span { deliveries, crashes, .. } = subscription.remove_available(sequence)?;
            pending.history = History { deliveries, crashes, ..pending.history };
            return Some(pending);
        }
        if !ahead {
            return None;
        }
        if sequence == subscription.cursor {
            subscription.cursor += 1;
        } else {
            subscription.gone_ahead += 1;
        }
        Some(pending)
    }

    fn sweep_parked(
        &mut self,
        id: TopicId,
        left: &mut usize,
        now: Now,
        effects: &mut Effects,
    ) -> bool {
        let mut waits = false;
        for reader in self.topics[id.0 as usize].subscriptions.clone() {
            let place = reader.0 as usize;
            while let Some(key) = self.subscriptions[place].parking.expired(now.wall_ms) {
                let blocked = self.expiry_blocked(id, reader, effects);
                if blocked || *left == 0 {
                    waits |= blocked;
                    break;
                }
                let subscription = &mut self.subscriptions[place];
                let Some(pending) = subscription.parking.remove(&key) else { break };
                subscription.keys.forget_parked(pending.hash);
                self.take_back_expired(reader, vec![pending], now, effects);
                *left -= 1;
            }
        }
        waits
    }

    /// Whether one more dead letter of the subscription would find its topic full, beside those
    /// that this step has led to; `id` is then looked at again when there is room.
    fn expiry_blocked(&mut self, id: TopicId, reader: SubscriptionId, effects: &Effects) -> bool {
        let place = reader.0 as usize;
        let Some(letters) = self.dead_letter_topic(place) else { return false };
        let goes_there = |one: &&TakenBack| {
            self.dead_letter_topic(one.grant.subscription.0 as usize) == Some(letters)
        };
        let coming: usize =
            effects.taken_back.iter().filter(goes_there).map(|one| one.grant.len()).sum();
        let topic = &mut self.topics[letters.0 as usize];
        let full = topic.is_full() || topic.depth() + coming as u64 >= topic.rules.max_messages;
        let blocked = full && self.subscriptions[place].rules.expired == Expired::DeadLetter;
        if blocked && !topic.expiry_gated.contains(&id) {
            topic.expiry_gated.push(id);
        }
        blocked
    }
}

impl Subscription {
    /// Whether message `sequence` of the log waits here, or will come here.
    fn waits_for(&self, sequence: u64) -> bool {
        let available = self.available.range(..=sequence).next_back();
        sequence >= self.cursor
            || available.is_some_and(|(_, span)| sequence < span.end)
            || self.keys.next_sequence(sequence) == Some(sequence)
    }
}
