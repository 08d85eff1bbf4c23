//! Ending a delivery: everything that follows from it, in one step.

use std::time::Duration;

use millstream_message::{Batch, Message, MessageId, SubscriptionId, TopicId};

use super::lease::{History, Lease, LeaseId};
use super::parking::WITHHELD;
use super::pending::{Copied, Pending, Place};
use super::subscription::STRICT;
use super::{Answer, Core, Effects, Refusal};
use crate::clock::Now;
use crate::codec::codec_struct;
use crate::dead_letter::DeadLetterReason;
use crate::judge::{Fate, Fates, Judged, Outcome, Parking, Withholding};
use crate::publication::{NEVER, Publication};
use crate::rules::WhenFull;
use crate::stored::Stored;

/// A dead letter that stops a key.
#[derive(Clone, Debug)]
pub(super) struct Stopper {
    pub(super) subscription: SubscriptionId,
    pub(super) hash: u64,
    /// The key itself, for people.
    pub(super) key: Option<String>,
    /// Dead letters of this id: one more for each time that a seek offered its message again.
    pub(super) letters: u32,
    /// They have this sequence in their topic, or a later one. Earlier ones of the id are of a time whose
    /// rules stopped no keys, and free none.
    pub(super) from: u64,
}

impl Core {
    pub(super) fn settle(
        &mut self,
        id: LeaseId,
        judged: Judged,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let lease = self.leases.get(&id).ok_or(Refusal::LeaseEnded)?;
        let place = lease.grant.subscription.0 as usize;
        let by_rules = matches!(judged.fates, Fates::Each(_));
        if by_rules && judged.revision != self.subscriptions[place].rules.revision {
            return Ok(Answer::JudgeAgain);
        }
        let full = self.full_outputs(place, &judged, lease.grant.len() as u64);
        if !full.is_empty() {
            return Ok(Answer::OutputsFull(full));
        }
        self.commit(id, judged, now, effects);
        Ok(Answer::Done)
    }

    /// Topics that cannot take what the settlement publishes to them: full ones that reject, and
    /// the subscription's own where more would be put back than is gone.
    fn full_outputs(&self, place: usize, judged: &Judged, messages: u64) -> Vec<TopicId> {
        let gone = judged.fates.gone(messages);
        let refuses = |topic: TopicId, publication: &Publication| {
            let messages = publication.len() as u64;
            let rules = &self.topics[topic.0 as usize];
            match rules.rules.when_full {
                _ if self.is_own(place, topic) => rules.is_full() && messages > gone,
                WhenFull::Reject => !rules.has_room(messages, publication.resident_bytes()),
                WhenFull::Block | WhenFull::DropOldest => false,
            }
        };
        let gone = |topic: TopicId| self.topics.get(topic.0 as usize).is_none_or(|one| one.gone);
        let outputs = judged.outputs.iter();
        let refused = outputs.filter(|(topic, more)| gone(*topic) || refuses(*topic, more));
        refused.map(|(topic, _)| *topic).collect()
    }

    /// Puts a lease's messages back as they were.
    pub(super) fn give_back(&mut self, id: LeaseId, now: Now, effects: &mut Effects) {
        self.commit(id, Judged::given_back(), now, effects);
    }

    fn commit(&mut self, id: LeaseId, mut judged: Judged, now: Now, effects: &mut Effects) {
        let Some(lease) = self.leases.remove(&id) else { return };
        self.deadlines.remove(&(lease.grant.deadline, id));
        let subscription = lease.grant.subscription;
        let place = subscription.0 as usize;
        let topic = self.subscriptions[place].rules.topic;
        self.subscriptions[place].end_lease(&lease.runs, lease.items.as_deref());
        self.subscriptions[place].counters.in_flight -= lease.grant.len() as u64;
        self.tally(place, &lease, &judged);
        if !self.subscriptions[place].serving.is_on_trial(lease.grant.generation) {
            // The trial that it was judged in was decided meanwhile.
            judged.stand(self.dead_letter_topic(place));
        }
        match judged.fates {
            Fates::AllHandled => self.all_handled(place, &lease, effects),
            Fates::AllReturned => {
                let fates = std::iter::repeat_with(|| Fate::Returned);
                self.each(place, &lease, fates, effects);
            }
            Fates::Each(fates) => {
                let fates = fates.into_iter().chain(std::iter::repeat_with(|| Fate::Returned));
                self.each(place, &lease, fates, effects);
            }
        }
        self.subscriptions[place].counters.failed += judged.failed;
        for &hash in &lease.keys {
            self.subscriptions[place].keys.release(hash);
        }
        self.tell_if_full(place, effects);
        effects.released.extend(lease.grant.parts);
        for (topic, publication) in judged.outputs.into_iter().chain(judged.dead_letters) {
            self.append(topic, publication, now, effects);
        }
        self.make_room(topic, now, effects);
        self.wake_if_waiting(subscription, effects);
    }

    fn all_handled(&mut self, place: usize, lease: &Lease, effects: &mut Effects) {
        let subscription = &mut self.subscriptions[place];
        let topic = subscription.rules.topic;
        subscription.counters.handled += lease.grant.len() as u64;
        for run in &lease.runs {
            self.topics[topic.0 as usize].settle(run.clone(), &mut effects.released);
        }
        for item in lease.items.iter().flatten() {
            if let Place::Copy(copied) = &item.place {
                self.topics[topic.0 as usize].remove_copy(&copied.message);
            }
        }
    }

    /// Settles message by message. What is returned goes back last to first, so that it stands in
    /// order before what waits.
    fn each(
        &mut self,
        place: usize,
        lease: &Lease,
        fates: impl Iterator<Item = Fate>,
        effects: &mut Effects,
    ) {
        let mut returned = Vec::new();
        let mut refunded = 0;
        let messages = lease.grant.parts.iter().flatten();
        for ((item, message), fate) in self.items(place, lease).into_iter().zip(messages).zip(fates)
        {
            refunded += u64::from(matches!(fate, Fate::Returned | Fate::Filtered));
            match fate {
                Fate::Returned => returned.push(item),
                fate => self.one(place, item, message, fate, effects),
            }
        }
        for item in returned.into_iter().rev() {
            self.put_back(place, item);
        }
        if let Some(bucket) = &mut self.subscriptions[place].bucket {
            bucket.refund(refunded);
        }
    }

    /// The messages of a lease, one by one.
    pub(super) fn items(&self, place: usize, lease: &Lease) -> Vec<Pending> {
        if let Some(items) = &lease.items {
            return items.clone();
        }
        let by_key = self.subscriptions[place].by_key();
        let history = lease.grant.histories.of(0);
        // From the lease's own parts: the log may have left its own to the journal.
        let messages = lease.grant.parts.iter().flatten();
        let sequences = lease.runs.iter().cloned().flatten().zip(messages);
        let hash = |message: Message<'_>| if by_key { message.order_hash() } else { 0 };
        sequences
            .map(|(sequence, message)| Pending {
                history,
                ..Pending::of_log(sequence, hash(message))
            })
            .collect()
    }

    pub(super) fn one(
        &mut self,
        place: usize,
        item: Pending,
        message: Message<'_>,
        fate: Fate,
        effects: &mut Effects,
    ) {
        let counters = &mut self.subscriptions[place].counters;
        match fate {
            Fate::Handled => counters.handled += 1,
            Fate::Filtered => counters.filtered += 1,
            Fate::Dropped => counters.dropped += 1,
            Fate::ExpiredDropped => counters.expired_dropped += 1,
            Fate::DeadLettered(reason, letter) => {
                match reason {
                    DeadLetterReason::Rejected => counters.rejected += 1,
                    DeadLetterReason::Exhausted => counters.exhausted += 1,
                    DeadLetterReason::Expired => counters.expired += 1,
                    DeadLetterReason::Crashed => counters.crashed += 1,
                }
                self.stop_key(place, &item, message, letter);
            }
            Fate::Parked(parking) => return self.park(place, item, *parking, effects),
            Fate::Withheld(withholding) => {
                return self.withhold(place, item, *withholding, effects);
            }
            Fate::Returned => return self.put_back(place, item),
        }
        let topic = self.subscriptions[place].rules.topic;
        self.settle_place(topic, &item.place, effects);
    }

    /// A subscription is done with one message.
    pub(super) fn settle_place(&mut self, topic: TopicId, place: &Place, effects: &mut Effects) {
        let topic = &mut self.topics[topic.0 as usize];
        match place {
            Place::Log(sequence) => topic.settle(*sequence..sequence + 1, &mut effects.released),
            Place::Copy(copied) => topic.remove_copy(&copied.message),
        }
    }

    /// A dead letter stops its key where the rules say so.
    pub(super) fn stop_key(
        &mut self,
        place: usize,
        item: &Pending,
        message: Message<'_>,
        letter: MessageId,
    ) {
        let Some(topic) = self.dead_letter_topic(place) else { return };
        let subscription = &mut self.subscriptions[place];
        let hash = if subscription.strict() { STRICT } else { item.hash };
        if hash == 0 || !subscription.rules.parks_keys() {
            return;
        }
        subscription.keys.stop(hash);
        let key = message.key().map(str::to_owned);
        let subscription = SubscriptionId(place as u32);
        let from = self.topics[topic.0 as usize].next;
        let stopper = Stopper { subscription, hash, key, letters: 0, from };
        self.stoppers.entry((topic, letter)).or_insert(stopper).letters += 1;
    }

    /// A failed message waits for its retry as a copy of its own.
    fn park(&mut self, place: usize, item: Pending, parking: Parking, effects: &mut Effects) {
        let Parking { message, history, alone, due, stored } = parking;
        let copied = self.copied(place, &item, message, stored, None, effects);
        let parked = Pending { place: Place::Copy(Box::new(copied)), history, alone, ..item };
        self.wait_until(place, parked, due);
    }

    /// A message that a version on trial failed on waits until the trial is decided, as it was.
    fn withhold(&mut self, place: usize, item: Pending, one: Withholding, effects: &mut Effects) {
        let Withholding { message, stored, outcome } = one;
        let outcome = Some(Box::new(outcome));
        let copied = self.copied(place, &item, message, stored, outcome, effects);
        let parked = Pending { place: Place::Copy(Box::new(copied)), ..item };
        self.wait_until(place, parked, WITHHELD);
    }

    /// A copy of a message of the subscription's own, instead of where it was.
    fn copied(
        &mut self,
        place: usize,
        item: &Pending,
        message: Batch,
        stored: Option<Stored>,
        withheld: Option<Box<Outcome>>,
        effects: &mut Effects,
    ) -> Copied {
        let serial = self.next_serial();
        let id = self.subscriptions[place].rules.topic;
        let topic = &mut self.topics[id.0 as usize];
        let (expires_ms, age) = match &item.place {
            Place::Log(sequence) => (item.expires_in(topic), *sequence),
            Place::Copy(copied) => (copied.expires_ms, copied.age),
        };
        topic.add_copy(&message);
        self.settle_place(id, &item.place, effects);
        Copied { message, expires_ms, age, serial, stored, withheld }
    }

    /// A copy waits for its time, and its key with it.
    fn wait_until(&mut self, place: usize, parked: Pending, due: Duration) {
        let subscription = &mut self.subscriptions[place];
        if parked.hash != 0 {
            subscription.keys.park(parked.hash);
        }
        self.park_again(place, parked, due);
    }

    /// A copy whose key is parked already waits for its time.
    pub(super) fn park_again(&mut self, place: usize, parked: Pending, due: Duration) {
        let subscription = &mut self.subscriptions[place];
        let topic = &mut self.topics[subscription.rules.topic.0 as usize];
        if let Some(at) = Some(parked.expires_ms()).filter(|&at| at != NEVER) {
            topic.expiring.insert((at, u64::MAX));
        }
        subscription.parking.insert(parked, due);
    }

    /// A message that nobody judged waits again, before what came after it.
    pub(super) fn put_back(&mut self, place: usize, item: Pending) {
        self.expect_expiry(place, &item);
        let subscription = &mut self.subscriptions[place];
        match &item.place {
            _ if item.hash != 0 && (item.copy().is_none() || (item.redriven && !item.alone)) => {
                subscription.keys.push_front(item)
            }
            Place::Log(sequence) => {
                let History { deliveries, crashes, .. } = item.history;
                subscription.add_available(*sequence..sequence + 1, deliveries, crashes)
            }
            Place::Copy(_) => {
                if item.hash != 0 {
                    subscription.keys.park(item.hash);
                }
                subscription.parking.insert(item, Duration::ZERO);
            }
        }
    }

    /// A message of the log whose age ended while it was under lease is found by the next sweep.
    fn expect_expiry(&mut self, place: usize, item: &Pending) {
        let topic = &mut self.topics[self.subscriptions[place].rules.topic.0 as usize];
        let Place::Log(sequence) = item.place else { return };
        let Some((entry, i)) = topic.find(sequence) else { return };
        let (at, base) = (entry.expires.at(i), entry.base);
        if at != NEVER {
            topic.expiring.insert((at, base));
        }
    }

    pub(super) fn wake_if_waiting(&mut self, id: SubscriptionId, effects: &mut Effects) {
        let subscription = &self.subscriptions[id.0 as usize];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        if subscription.has_work(topic.next) && !subscription.paused {
            effects.wake.push(id);
        }
    }
}

codec_struct!(Stopper { subscription, hash, key, letters, from });
