//! Handing messages to workers, until they settle or their deadline passes.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId};

use super::subscription::{Parked, Span};
use super::{Answer, Core, Effects, Refusal};
use crate::clock::Now;
use crate::rules::{Handler, LeaseRequest};

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
