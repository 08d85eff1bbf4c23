//! Handing messages to workers, until they settle or their deadline passes.

mod saved;
mod taken_back;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId};

use super::pending::Pending;
use super::serving::Scope;
use super::spans::Budget;
use super::take::Haul;
use super::{Answer, Core, Effects, Refusal};
use crate::clock::Now;
use crate::rules::{Exhausted, Handler, LeaseRequest, Ordering, WhenFull};

/// Leases that one tick expires at most; the next tick is due at once when more have passed.
const EXPIRED_PER_TICK_MAX: usize = 64;

/// The generation of leases that no worker has: their holder is the core's caller.
pub(super) const HOUSE: u64 = u64::MAX;

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
    /// Crashes of the host, one after another, in which it was under lease.
    pub crashes: u32,
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
    /// Whether that is a version on trial: what it fails on is withheld.
    pub on_trial: bool,
    /// Who handles them.
    pub handler: Arc<Handler>,
    /// The messages in order, in parts.
    pub parts: Vec<Batch>,
    /// What happened to them before.
    pub histories: Histories,
    /// When the lease ends: monotonic time.
    pub deadline: Duration,
    /// One past the highest sequence number in it; the highest number for copies, which have none.
    pub end: u64,
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
    /// Messages of the log.
    pub(super) runs: Vec<Range<u64>>,
    /// Each message, where they are not simply the runs.
    pub(super) items: Option<Vec<Pending>>,
    /// Keys that the lease holds.
    pub(super) keys: Vec<u64>,
}

impl Core {
    pub(super) fn lease(
        &mut self,
        request: &LeaseRequest,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let id = request.subscription;
        let place = id.0 as usize;
        let scope = self.scope(request)?;
        let subscription = &mut self.subscriptions[place];
        if !Arc::ptr_eq(&subscription.handler, &request.handler) {
            subscription.handler = Arc::clone(&request.handler);
        }
        if subscription.paused || self.gate(id) {
            return Ok(Answer::Nothing(None));
        }
        let Some(scope) = scope else { return Ok(Answer::Nothing(None)) };
        let budget = match self.budget(request, scope, now) {
            Ok(budget) => budget,
            Err(look_again) => return Ok(Answer::Nothing(Some(look_again))),
        };
        let lease = LeaseId(self.next_serial());
        let mut haul = self.haul(place, lease, budget, now);
        let expired = std::mem::take(&mut haul.expired);
        self.take_back_expired(id, expired, now, effects);
        self.tell_if_full(place, effects);
        if haul.is_empty() {
            if haul.unfinished {
                effects.wake.push(id);
            }
            return Ok(Answer::Nothing(haul.look_again));
        }
        let grant = self.grant(request, scope, (lease, haul), now, effects);
        Ok(Answer::Granted(Box::new(grant)))
    }

    /// What a lease may take; when to look again if nothing.
    fn budget(
        &mut self,
        request: &LeaseRequest,
        scope: Scope,
        now: Now,
    ) -> Result<Budget, Duration> {
        let subscription = &mut self.subscriptions[request.subscription.0 as usize];
        let rules = &subscription.rules;
        let mut messages = request.messages_max.min(rules.batch_messages).max(1) as usize;
        if let Some(bucket) = &mut subscription.bucket {
            let allowed = bucket.allowed(now.monotonic);
            if allowed == 0 {
                return Err(bucket.next());
            }
            messages = messages.min(usize::try_from(allowed).unwrap_or(usize::MAX));
        }
        let (bytes, strict) = (rules.batch_bytes, rules.ordering == Ordering::Strict);
        let Scope { keys, lane, .. } = scope;
        Ok(Budget { messages, bytes, keys, lane, strict, wall_ms: now.wall_ms })
    }

    pub(super) fn renew(
        &mut self,
        id: LeaseId,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let lease = self.leases.get_mut(&id).ok_or(Refusal::LeaseEnded)?;
        let subscription = &self.subscriptions[lease.grant.subscription.0 as usize];
        self.deadlines.remove(&(lease.grant.deadline, id));
        lease.grant.deadline = now.monotonic + subscription.rules.ack_deadline;
        self.deadlines.insert((lease.grant.deadline, id));
        // Earlier than before where `ack_deadline` is shorter now.
        effects.tick_by(lease.grant.deadline);
        Ok(Answer::Done)
    }

    /// Ends the leases of older generations: their messages wait again, uncounted.
    pub(super) fn fence(
        &mut self,
        id: SubscriptionId,
        generation: u64,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let subscription = self.subscriptions.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?;
        subscription.fenced_below = subscription.fenced_below.max(generation);
        if subscription.serving.trial.is_none() {
            let serving = &mut subscription.serving.generation;
            *serving = generation.max(*serving);
        }
        let failed = &mut subscription.serving.failed;
        failed.start = failed.start.max(generation).min(failed.end);
        self.generations = self.generations.max(generation);
        self.end_leases(id, &|of| of < generation, now, effects);
        effects.wake.push(id);
        effects.ask_again.push(id);
        Ok(Answer::Done)
    }

    /// Ends the subscription's leases of some generations: their messages wait again, uncounted.
    pub(super) fn end_leases(
        &mut self,
        id: SubscriptionId,
        meant: &dyn Fn(u64) -> bool,
        now: Now,
        effects: &mut Effects,
    ) {
        let of_them =
            |lease: &&Lease| lease.grant.subscription == id && meant(lease.grant.generation);
        let ended: Vec<LeaseId> =
            self.leases.values().filter(of_them).map(|lease| lease.grant.lease).collect();
        for lease in ended {
            self.give_back(lease, now, effects);
        }
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

    /// Place of the first full topic that the subscription may publish to and that blocks.
    pub(super) fn blocked_by(&self, place: usize) -> Option<usize> {
        let rules = &self.subscriptions[place].rules;
        let outputs = rules.outputs.iter().copied().filter(|&output| !self.is_own(place, output));
        outputs.chain(self.dead_letter_topic(place)).map(|topic| topic.0 as usize).find(|&topic| {
            let topic = &self.topics[topic];
            topic.rules.when_full == WhenFull::Block && topic.is_full()
        })
    }

    /// Whether `topic` is the subscription's own and nobody else reads it: how timers work.
    pub(super) fn is_own(&self, place: usize, topic: millstream_message::TopicId) -> bool {
        let own = self.subscriptions[place].rules.topic;
        own == topic && self.topics[own.0 as usize].subscriptions.len() == 1
    }

    pub(super) fn dead_letter_topic(&self, place: usize) -> Option<millstream_message::TopicId> {
        match self.subscriptions[place].rules.exhausted {
            Exhausted::DeadLetter(topic) => Some(topic),
            Exhausted::Drop => None,
        }
    }

    fn grant(
        &mut self,
        request: &LeaseRequest,
        scope: Scope,
        (lease, haul): (LeaseId, Haul),
        now: Now,
        effects: &mut Effects,
    ) -> Grant {
        let histories = haul.histories();
        let Haul { parts, runs, items, keys, .. } = haul;
        let subscription = &mut self.subscriptions[request.subscription.0 as usize];
        subscription.begin_lease(&runs, items.as_deref());
        let deadline = now.monotonic + subscription.rules.ack_deadline;
        let copies = items.iter().flatten().any(|item| item.copy().is_some());
        let newest = runs.iter().map(|run| run.end).max().filter(|_| !copies);
        let grant = Grant {
            lease,
            subscription: request.subscription,
            generation: request.generation,
            on_trial: scope.on_trial,
            handler: Arc::clone(&request.handler),
            parts,
            histories,
            deadline,
            end: newest.unwrap_or(u64::MAX),
        };
        let messages = grant.len() as u64;
        subscription.counters.in_flight += messages;
        if let Some(bucket) = &mut subscription.bucket {
            bucket.take(messages);
        }
        if subscription.has_work(self.topics[subscription.rules.topic.0 as usize].next) {
            // There may be work for one more: whoever is woken last finds nothing and sleeps.
            effects.wake.push(request.subscription);
        }
        self.deadlines.insert((deadline, lease));
        effects.tick_by(deadline);
        self.leases.insert(lease, Lease { grant: grant.clone(), runs, items, keys });
        grant
    }
}
