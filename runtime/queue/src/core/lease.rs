//! Handing messages to workers, until they settle or their deadline passes.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId};

use super::spans::{Budget, Taken};
use super::subscription::{Parked, Span, Subscription};
use super::{Answer, Core, Effects, MAX_STEP_MESSAGES, Refusal};
use crate::clock::Now;
use crate::rules::{Handler, KeyRange, LeaseRequest};

/// Leases that one tick expires at most; the next tick is due at once when more have passed.
const EXPIRED_PER_TICK_MAX: usize = 64;

/// Names one hand-over of messages to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u64);

/// What happened to a message before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Deliveries that failed.
    pub failures: u32,
    /// Deliveries in all, this one included.
    pub deliveries: u32,
    /// Milliseconds since the Unix epoch; 0 when it never failed.
    pub first_failed_ms: u64,
}

/// The histories of a lease's messages.
#[derive(Clone, Debug)]
pub enum Histories {
    /// The ordinary case: none ever failed and all were delivered this often.
    Uniform(u32),
    /// One for each message.
    Each(Vec<History>),
}

impl Histories {
    /// The history of message `i`.
    #[must_use]
    pub fn of(&self, i: usize) -> History {
        match self {
            Self::Uniform(deliveries) => History { deliveries: *deliveries, ..History::default() },
            Self::Each(histories) => histories.get(i).copied().unwrap_or_default(),
        }
    }
}

/// Messages under lease, as the worker gets them.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The lease's name.
    pub lease: LeaseId,
    /// Whose messages.
    pub subscription: SubscriptionId,
    /// The generation of the worker.
    pub generation: u64,
    /// Who handles them.
    pub handler: Arc<Handler>,
    /// The messages in order, in parts.
    pub parts: Vec<Batch>,
    /// What happened to them before.
    pub histories: Histories,
    /// When the lease ends: monotonic time.
    pub deadline: Duration,
}

impl Grant {
    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Batch::len).sum()
    }

    /// Whether there are no messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

#[derive(Debug)]
pub(super) struct Lease {
    pub(super) grant: Grant,
    pub(super) held: Held,
}

/// Where the messages of a lease came from.
#[derive(Debug)]
pub(super) enum Held {
    /// Runs of the log, ascending.
    Runs(Vec<Range<u64>>),
    /// Parked messages.
    Parked(Vec<Parked>),
}

impl Core {
    pub(super) fn lease(
        &mut self,
        request: &LeaseRequest,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let place = request.subscription.0 as usize;
        let subscription = self.subscriptions.get(place).ok_or(Refusal::Unknown)?;
        if request.generation < subscription.fenced_below {
            return Err(Refusal::Fenced);
        }
        if self.gate(request.subscription) {
            return Ok(Answer::Nothing(None));
        }
        let found = self.take_parked(request, now);
        let found = match found {
            Some(found) => Ok(found),
            None => self.take_log(request, now),
        };
        Ok(match found {
            Ok((parts, histories, held)) => {
                Answer::Granted(Box::new(self.grant(request, parts, histories, held, now, effects)))
            }
            Err(look_again) => Answer::Nothing(self.next_due(place, look_again)),
        })
    }

    pub(super) fn renew(&mut self, id: LeaseId, now: Now) -> Result<Answer, Refusal> {
        let lease = self.leases.get_mut(&id).ok_or(Refusal::LeaseEnded)?;
        let subscription = &self.subscriptions[lease.grant.subscription.0 as usize];
        self.deadlines.remove(&(lease.grant.deadline, id));
        lease.grant.deadline = now.monotonic + subscription.rules.ack_deadline;
        self.deadlines.insert((lease.grant.deadline, id));
        Ok(Answer::Done)
    }

    /// Ends the leases of older generations: their messages wait again, uncounted.
    pub(super) fn fence(
        &mut self,
        id: SubscriptionId,
        generation: u64,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let subscription = self.subscriptions.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?;
        subscription.fenced_below = subscription.fenced_below.max(generation);
        let of_older =
            |lease: &&Lease| lease.grant.subscription == id && lease.grant.generation < generation;
        let fenced: Vec<LeaseId> =
            self.leases.values().filter(of_older).map(|lease| lease.grant.lease).collect();
        for lease in fenced {
            self.give_back(lease);
        }
        effects.wake.push(id);
        Ok(Answer::Done)
    }

    /// Leases whose deadline passed go to the caller under a new id, so that their worker can no
    /// longer settle them.
    pub(super) fn expire_leases(&mut self, now: Now, effects: &mut Effects) {
        for _ in 0..EXPIRED_PER_TICK_MAX {
            let Some(&(due, id)) = self.deadlines.first().filter(|(due, _)| *due <= now.monotonic)
            else {
                return;
            };
            self.deadlines.remove(&(due, id));
            let Some(mut lease) = self.leases.remove(&id) else { continue };
            lease.grant.lease = LeaseId(self.next_serial());
            effects.expired_leases.push(lease.grant.clone());
            self.leases.insert(lease.grant.lease, lease);
        }
    }

    /// Puts a lease's messages back as they were.
    pub(super) fn give_back(&mut self, id: LeaseId) {
        let Some(lease) = self.leases.remove(&id) else { return };
        self.deadlines.remove(&(lease.grant.deadline, id));
        let place = lease.grant.subscription.0 as usize;
        self.subscriptions[place].counters.in_flight -= lease.grant.len() as u64;
        match lease.held {
            Held::Runs(runs) => {
                let deliveries = lease.grant.histories.of(0).deliveries;
                let subscription = &mut self.subscriptions[place];
                for run in runs {
                    subscription.leased.remove(&run.start);
                    subscription.available.insert(run.start, Span { end: run.end, deliveries });
                }
            }
            Held::Parked(parked) => {
                for message in parked {
                    self.park(place, message, Duration::ZERO);
                }
            }
        }
    }

    pub(super) fn park(&mut self, place: usize, parked: Parked, due: Duration) {
        let serial = self.next_serial();
        let subscription = &mut self.subscriptions[place];
        self.topics[subscription.rules.topic.0 as usize].park(&parked.message);
        subscription.parked.insert((due, serial), parked);
    }

    /// Whether an output of the subscription is full; it is then woken when there is room.
    fn gate(&mut self, id: SubscriptionId) -> bool {
        let Some(full) = self.blocked_by(id.0 as usize) else { return false };
        let gated = &mut self.topics[full].gated;
        if !gated.contains(&id) {
            gated.push(id);
        }
        true
    }

    /// Place of the first full topic that the subscription may publish to.
    pub(super) fn blocked_by(&self, place: usize) -> Option<usize> {
        let rules = &self.subscriptions[place].rules;
        let alone_on_topic = self.topics[rules.topic.0 as usize].subscriptions.len() == 1;
        let dead_letter = match rules.exhausted {
            crate::rules::Exhausted::DeadLetter(topic) => Some(topic),
            crate::rules::Exhausted::Drop => None,
        };
        let gates = rules
            .outputs
            .iter()
            .copied()
            .filter(|&output| !(alone_on_topic && output == rules.topic));
        gates
            .chain(dead_letter)
            .map(|topic| topic.0 as usize)
            .find(|&topic| self.topics[topic].is_full())
    }

    /// Parked messages that are due: one that must travel alone, or several others.
    fn take_parked(
        &mut self,
        request: &LeaseRequest,
        now: Now,
    ) -> Option<(Vec<Batch>, Histories, Held)> {
        let subscription = &mut self.subscriptions[request.subscription.0 as usize];
        let due = due_keys(subscription, request, now);
        if due.is_empty() {
            return None;
        }
        let mut taken: Vec<Parked> =
            due.iter().filter_map(|key| subscription.parked.remove(key)).collect();
        let topic = &mut self.topics[subscription.rules.topic.0 as usize];
        for parked in &mut taken {
            topic.unpark(&parked.message);
            parked.history.deliveries += 1;
        }
        let parts = taken.iter().map(|parked| parked.message.clone()).collect();
        let histories = Histories::Each(taken.iter().map(|parked| parked.history).collect());
        Some((parts, histories, Held::Parked(taken)))
    }

    /// Messages of the log: runs that wait again first, then what was never leased. The error says
    /// when to look again.
    fn take_log(
        &mut self,
        request: &LeaseRequest,
        now: Now,
    ) -> Result<(Vec<Batch>, Histories, Held), Option<Duration>> {
        let place = request.subscription.0 as usize;
        if self.subscriptions[place].is_parking_full() {
            return Err(None);
        }
        let budget = budget(&self.subscriptions[place], request);
        match self.take_available(place, budget) {
            Some(found) => Ok(found),
            None => self.take_new(place, budget, now),
        }
    }

    fn take_available(
        &mut self,
        place: usize,
        budget: Budget,
    ) -> Option<(Vec<Batch>, Histories, Held)> {
        let subscription = &mut self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let mut looked_at = 0;
        let (start, span, taken) = subscription.available.iter().find_map(|(&start, &span)| {
            looked_at += span.end - start;
            let taken = Taken::from_run(topic, start..span.end, topic.entry_of(start), budget);
            (!taken.parts.is_empty() || looked_at > MAX_STEP_MESSAGES as u64)
                .then_some((start, span, taken))
        })?;
        if taken.parts.is_empty() {
            return None;
        }
        subscription.available.remove(&start);
        let rest = taken.end().unwrap_or(start)..span.end;
        for left in taken.left.iter().cloned().chain([rest]).filter(|left| !left.is_empty()) {
            subscription.available.insert(left.start, Span { end: left.end, ..span });
        }
        Some((taken.parts, Histories::Uniform(span.deliveries + 1), Held::Runs(taken.ranges)))
    }

    fn take_new(
        &mut self,
        place: usize,
        budget: Budget,
        now: Now,
    ) -> Result<(Vec<Batch>, Histories, Held), Option<Duration>> {
        let subscription = &mut self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        // The entry that holds the cursor may have been removed only if all of it was settled.
        let entry = subscription.cursor_entry.saturating_sub(topic.removed) as usize;
        let taken = Taken::from_run(topic, subscription.cursor..topic.next, entry, budget);
        let Some(end) = taken.end() else { return Err(None) };
        if !taken.cut && budget.keys.is_none() {
            let full_at = topic.log[entry].arrived + subscription.rules.batch_wait;
            if full_at > now.monotonic {
                return Err(Some(full_at));
            }
        }
        subscription.cursor = end;
        subscription.cursor_entry =
            topic.removed + (entry + topic.entries_until(entry, end)) as u64;
        for left in &taken.left {
            subscription.available.insert(left.start, Span { end: left.end, deliveries: 0 });
        }
        if taken.parts.is_empty() {
            return Err(None);
        }
        Ok((taken.parts, Histories::Uniform(1), Held::Runs(taken.ranges)))
    }

    fn grant(
        &mut self,
        request: &LeaseRequest,
        parts: Vec<Batch>,
        histories: Histories,
        held: Held,
        now: Now,
        effects: &mut Effects,
    ) -> Grant {
        let lease = LeaseId(self.next_serial());
        let subscription = &mut self.subscriptions[request.subscription.0 as usize];
        if let Held::Runs(runs) = &held {
            subscription.leased.extend(runs.iter().map(|run| (run.start, run.end)));
        }
        let deadline = now.monotonic + subscription.rules.ack_deadline;
        let grant = Grant {
            lease,
            subscription: request.subscription,
            generation: request.generation,
            handler: Arc::clone(&request.handler),
            parts,
            histories,
            deadline,
        };
        subscription.counters.in_flight += grant.len() as u64;
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        if subscription.cursor < topic.next
            || !subscription.available.is_empty()
            || !subscription.parked.is_empty()
        {
            // There may be work for one more: whoever is woken last finds nothing and sleeps.
            effects.wake.push(request.subscription);
        }
        self.deadlines.insert((deadline, lease));
        effects.tick_at = Some(deadline);
        self.leases.insert(lease, Lease { grant: grant.clone(), held });
        grant
    }

    fn next_due(&self, place: usize, look_again: Option<Duration>) -> Option<Duration> {
        let parked = self.subscriptions[place].parked.first_key_value().map(|((due, _), _)| *due);
        parked.into_iter().chain(look_again).min()
    }
}

fn budget(subscription: &Subscription, request: &LeaseRequest) -> Budget {
    let rules = &subscription.rules;
    let messages = request.messages_max.min(rules.batch_messages).max(1) as usize;
    Budget { messages, bytes: rules.batch_bytes, keys: request.keys }
}

/// Keys of the parked messages that one lease takes, in order of their due times.
fn due_keys(subscription: &Subscription, request: &LeaseRequest, now: Now) -> Vec<(Duration, u64)> {
    let budget = budget(subscription, request);
    let mine = |parked: &Parked| match budget.keys {
        Some(KeyRange { .. }) => {
            budget.keys.is_some_and(|keys| keys.contains(parked.message.get(0).key_hash()))
        }
        None => true,
    };
    let due = subscription.parked.range(..=(now.monotonic, u64::MAX)).take(MAX_STEP_MESSAGES);
    let mut keys = Vec::new();
    let mut bytes = 0;
    for (key, parked) in due.filter(|(_, parked)| mine(parked)) {
        bytes += parked.message.bytes() as u64;
        let is_first = keys.is_empty();
        if !is_first && (parked.alone || bytes > budget.bytes || keys.len() == budget.messages) {
            break;
        }
        keys.push(*key);
        if parked.alone {
            break;
        }
    }
    keys
}
