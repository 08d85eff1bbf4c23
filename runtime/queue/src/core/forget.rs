//! Messages that leave without being handled: dropped for newer ones, purged, or dead letters that
//! somebody took.

use millstream_message::{Batch, MessageId, SubscriptionId, TopicId};

use super::entry::Entry;
use super::pending::Pending;
use super::subscription::Subscription;
use super::topic::Topic;
use super::{Answer, Core, Effects, MAX_STEP_MESSAGES, Refusal};
use crate::clock::Now;
use crate::stored::Stored;

/// Why messages are forgotten: which counter tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    Dropped,
    Purged,
}

impl Core {
    /// Drops the oldest messages that nobody has under lease until there is room for `messages`
    /// and `bytes` more, or nothing left to drop.
    pub(super) fn drop_oldest(
        &mut self,
        id: TopicId,
        messages: u64,
        bytes: u64,
        effects: &mut Effects,
    ) {
        let at = id.0 as usize;
        self.topics[at].seal();
        let mut from = 0;
        while !self.topics[at].has_room(messages, bytes) {
            let Some(oldest) = self.oldest_unleased(id, from) else { return };
            self.forget(id, oldest, Loss::Dropped, effects);
            self.topics[at].dropped += 1;
            from = oldest + 1;
        }
    }

    /// The oldest message from sequence number `from` on that some subscription has not settled
    /// and none has under lease.
    fn oldest_unleased(&self, id: TopicId, mut from: u64) -> Option<u64> {
        let topic = &self.topics[id.0 as usize];
        let readers = || topic.subscriptions.iter().map(|sub| &self.subscriptions[sub.0 as usize]);
        loop {
            let kept = topic.keeps().then(|| next_present(topic, from)).flatten();
            let oldest = readers()
                .filter_map(|reader| next_waiting(reader, topic, from))
                .chain(kept)
                .min()?;
            let leased_until = readers().filter_map(|reader| reader.leased_until(oldest)).max();
            match leased_until {
                Some(end) => from = end,
                None => return Some(oldest),
            }
        }
    }

    /// Takes message `sequence` from all who have not settled it and have it not under lease, and
    /// from the topic itself where that keeps it. False when nobody had it.
    pub(super) fn forget(
        &mut self,
        id: TopicId,
        sequence: u64,
        loss: Loss,
        effects: &mut Effects,
    ) -> bool {
        let keeper = self.take_from_keeper(id, sequence, effects);
        let ahead = keeper || (self.is_ahead(id, sequence) && self.mark_gone(id, sequence));
        let mut forgotten = keeper;
        for reader in self.topics[id.0 as usize].subscriptions.clone() {
            forgotten |= self.forget_for(reader, sequence, ahead, loss, effects);
        }
        if forgotten && !ahead {
            self.mark_gone(id, sequence);
        }
        if keeper {
            self.topics[id.0 as usize].settle(sequence..sequence + 1, &mut effects.released);
        }
        forgotten
    }

    /// Whether somebody who has not reached the message would get it.
    fn is_ahead(&self, id: TopicId, sequence: u64) -> bool {
        let topic = &self.topics[id.0 as usize];
        let mut readers = topic.subscriptions.iter().map(|sub| &self.subscriptions[sub.0 as usize]);
        readers.any(|reader| reader.cursor <= sequence && !reader.leases(sequence))
    }

    /// Marks a message as gone for all whose cursor has not reached it, now or after a seek; false
    /// when it was gone before.
    pub(super) fn mark_gone(&mut self, id: TopicId, sequence: u64) -> bool {
        let topic = &mut self.topics[id.0 as usize];
        let place = topic.entry_of(sequence);
        let entry = topic.log.get_mut(place);
        entry
            .filter(|entry| !entry.is_released() && entry.base <= sequence)
            .is_some_and(|entry| entry.mark_gone((sequence - entry.base) as usize))
    }

    /// A dead letter is taken out of its topic: the key it stopped goes on.
    fn take_from_keeper(&mut self, id: TopicId, sequence: u64, effects: &mut Effects) -> bool {
        let topic = &mut self.topics[id.0 as usize];
        if !topic.keeps() {
            return false;
        }
        let place = topic.entry_of(sequence);
        let Some(entry) = topic.log.get_mut(place).filter(|entry| entry.base <= sequence) else {
            return false;
        };
        let i = (sequence - entry.base) as usize;
        let letter = entry.id(i);
        // What a reader settled who is gone is only retained.
        if !entry.is_live() || entry.is_released() || !entry.mark_gone(i) {
            return false;
        }
        if let Some(letter) = letter {
            self.unstop(id, letter, sequence, effects);
        }
        true
    }

    /// The dead letter `letter`, which lies at `sequence` of its topic, stops its key no longer.
    fn unstop(&mut self, topic: TopicId, letter: MessageId, sequence: u64, effects: &mut Effects) {
        let stopper = self.stoppers.get_mut(&(topic, letter));
        let Some(stopper) = stopper.filter(|stopper| stopper.from <= sequence) else { return };
        stopper.letters -= 1;
        let (id, hash, letters) = (stopper.subscription, stopper.hash, stopper.letters);
        if letters == 0 {
            self.stoppers.remove(&(topic, letter));
        }
        self.subscriptions[id.0 as usize].keys.unstop(hash);
        effects.wake.push(id);
    }

    /// No dead letter of the topic stops its key any more: the topic is dropped.
    pub(super) fn unstop_all(&mut self, id: TopicId, effects: &mut Effects) {
        let log = self.topics[id.0 as usize].log.iter();
        let letters: Vec<(MessageId, u64)> =
            log.filter(|entry| !entry.is_released()).flat_map(letters_in).collect();
        for (letter, sequence) in letters {
            self.unstop(id, letter, sequence, effects);
        }
    }

    /// `ahead`: the message is newly gone for who has not reached it.
    fn forget_for(
        &mut self,
        id: SubscriptionId,
        sequence: u64,
        ahead: bool,
        loss: Loss,
        effects: &mut Effects,
    ) -> bool {
        let place = id.0 as usize;
        let subscription = &mut self.subscriptions[place];
        let topic = subscription.rules.topic;
        if subscription.leases(sequence) {
            return false;
        }
        let settles = match subscription.take_waiting(sequence, ahead) {
            Some(Waited::InLog) => true,
            Some(Waited::Copied(pending)) => {
                self.settle_place(topic, &pending.place, effects);
                false
            }
            None => return false,
        };
        if settles {
            let topic = &mut self.topics[topic.0 as usize];
            topic.settle(sequence..sequence + 1, &mut effects.released);
        }
        self.count_loss(place, loss, 1);
        // What waited behind it may go now.
        self.wake_if_waiting(id, effects);
        true
    }

    pub(super) fn count_loss(&mut self, place: usize, loss: Loss, messages: u64) {
        let counters = &mut self.subscriptions[place].counters;
        match loss {
            Loss::Dropped => counters.dropped += messages,
            Loss::Purged => counters.purged += messages,
        }
    }

    /// Empties a topic of what nobody has under lease: at most a step's work, from sequence number
    /// `from` up to `below`. The answer says where to go on.
    pub(super) fn purge(
        &mut self,
        id: TopicId,
        from: u64,
        below: u64,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        self.topics.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?.seal();
        let mut left = MAX_STEP_MESSAGES as u64;
        let copies = self.purge_delayed(id, left) + self.purge_copies(id, left, effects);
        left = left.saturating_sub(copies);
        let (in_log, reached) = self.purge_log(id, from, below, left, effects);
        let done = left > 0 && reached >= below;
        if done {
            self.topics[id.0 as usize].release_retained(below, &mut effects.released);
        }
        self.make_room(id, now, effects);
        let next = (!done).then_some(reached);
        Ok(Answer::Purged { messages: copies + in_log, next })
    }

    fn purge_delayed(&mut self, id: TopicId, max: u64) -> u64 {
        let topic = &mut self.topics[id.0 as usize];
        let mut purged = 0;
        while purged < max {
            let Some(arrival) = topic.take_delayed() else { break };
            purged += arrival.len() as u64;
        }
        purged
    }

    /// Parked and redriven messages of all subscriptions.
    fn purge_copies(&mut self, id: TopicId, max: u64, effects: &mut Effects) -> u64 {
        let mut purged = 0;
        for place in 0..self.topics[id.0 as usize].subscriptions.len() {
            let reader = self.topics[id.0 as usize].subscriptions[place].0 as usize;
            let subscription = &mut self.subscriptions[reader];
            let mut taken = subscription.keys.take_redriven((max - purged) as usize);
            while purged + (taken.len() as u64) < max {
                let Some(key) = subscription.parking.first() else { break };
                let Some(pending) = subscription.parking.remove(&key) else { break };
                subscription.keys.forget_parked(pending.hash);
                taken.push(pending);
            }
            purged += taken.len() as u64;
            self.count_loss(reader, Loss::Purged, taken.len() as u64);
            for pending in taken {
                self.settle_place(id, &pending.place, effects);
            }
        }
        purged
    }

    fn purge_log(
        &mut self,
        id: TopicId,
        from: u64,
        below: u64,
        max: u64,
        effects: &mut Effects,
    ) -> (u64, u64) {
        let (mut at, mut purged, mut looked_at) = (from, 0, 0);
        while at < below && looked_at < max {
            let topic = &self.topics[id.0 as usize];
            let Some(entry) = topic.log.get(topic.entry_of(at)) else { return (purged, below) };
            if entry.base > at || entry.is_released() || !entry.is_live() {
                at = if entry.base > at { entry.base } else { entry.end() };
                looked_at += 1;
                continue;
            }
            purged += u64::from(self.forget(id, at, Loss::Purged, effects));
            at += 1;
            looked_at += 1;
        }
        (purged, at.min(below))
    }
}

/// Where a message was that somebody had not got yet.
enum Waited {
    InLog,
    Copied(Pending),
}

impl Subscription {
    /// Takes message `sequence` from wherever it waits.
    fn take_waiting(&mut self, sequence: u64, ahead: bool) -> Option<Waited> {
        if sequence >= self.cursor {
            if ahead && sequence == self.cursor {
                self.cursor += 1;
            } else if ahead {
                self.gone_ahead += 1;
            }
            return ahead.then_some(Waited::InLog);
        }
        if self.remove_available(sequence).is_some() || self.keys.remove(sequence).is_some() {
            return Some(Waited::InLog);
        }
        let key = self.parking.of_sequence(sequence)?;
        let pending = self.parking.remove(&key)?;
        self.keys.forget_parked(pending.hash);
        Some(Waited::Copied(pending))
    }

    /// Where the lease's run ends that holds `sequence`.
    fn leased_until(&self, sequence: u64) -> Option<u64> {
        if self.leased_copies.contains(&sequence) {
            return Some(sequence + 1);
        }
        let (_, end) = self.leased.range(..=sequence).next_back()?;
        (sequence < *end).then_some(*end)
    }
}

/// The first message from `from` on that waits for `reader`.
fn next_waiting(reader: &Subscription, topic: &Topic, from: u64) -> Option<u64> {
    let span = reader.available.range(..=from).next_back().filter(|(_, span)| from < span.end);
    let available = match span {
        Some(_) => Some(from),
        None => reader.available.range(from..).next().map(|(start, _)| *start),
    };
    let parked = reader.parking.next_of_age(from);
    let waiting = reader.keys.next_sequence(from);
    let new = next_present(topic, from.max(reader.cursor));
    [available, parked, waiting, new].into_iter().flatten().min()
}

/// The first message of the log from `from` on that is not gone.
fn next_present(topic: &Topic, from: u64) -> Option<u64> {
    let first = topic.entry_of(from);
    topic.log.iter().skip(first).filter(|entry| entry.is_live()).find_map(|entry| {
        let run = entry.next_run(from.saturating_sub(entry.base) as usize..entry.len());
        (!run.is_empty()).then_some(entry.base + run.start as u64)
    })
}

/// A dead letter that somebody means: where it is, its name, and the message to put back.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The dead-letter topic.
    pub topic: TopicId,
    /// Its sequence number there.
    pub sequence: u64,
    /// Its own id there.
    pub id: MessageId,
    /// The message as it was before it was given up, as a batch of one; unused by a purge.
    pub message: Batch,
    /// Where a journal keeps that message.
    pub stored: Option<Stored>,
}

/// The dead letters that an entry still holds, each with its sequence.
fn letters_in(entry: &Entry) -> impl Iterator<Item = (MessageId, u64)> {
    let there = (0..entry.len()).filter(|i| !entry.is_gone(*i));
    there.filter_map(|i| entry.id(i).zip(Some(entry.base + i as u64)))
}
