//! The delivery core: who gets which messages, until when, and what follows a settle.
//!
//! `step(event, now) -> effects`, one event at a time. A step touches indexes only: batches are
//! handed around by reference, gathering and building happen on the publisher's or the worker's
//! thread, before (see [`crate::judge`]) or after the step. No step does more than
//! [`MAX_STEP_MESSAGES`] messages of work.
//!
//! ```text
//!            publish                lease                    settle
//!   ───────────┬───────────▶ log ─────┬─────▶ leased ──────────┬──────▶ gone (handled)
//!      full? waits in line    ▲       │          │             ├──────▶ parked, due later ─┐
//!                             │       │          │ deadline    ├──────▶ dead-letter topic  │
//!        due ◀── delayed ─────┘       │          ▼ passed      └──────▶ outputs' topics    │
//!                                     │       judged as a failed delivery                  │
//!                                     └────────────────────────────────────────────────────┘
//! ```

mod lease;
mod settle;
mod spans;
mod subscription;
mod take;
mod topic;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId, TopicId};

use self::lease::Lease;
pub use self::lease::{Grant, Histories, History, LeaseId};
use self::subscription::Subscription;
use self::topic::Topic;
use crate::clock::Now;
use crate::figures::Figures;
use crate::judge::Judged;
use crate::publication::Publication;
use crate::rules::{LeaseRequest, SubscriptionRules, TopicKind, TopicRules};

/// The most messages that one step looks at one by one, so that no step holds up the others.
pub const MAX_STEP_MESSAGES: usize = 1_024;

/// Publishers that may wait in line for one topic; the next is refused at once.
pub const WAITING_PUBLISHERS_MAX: usize = 4_096;

/// Names a publisher that waits in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What happens to the core.
#[derive(Debug)]
pub enum Event {
    /// Somebody publishes; waits in line while the topic is full.
    Publish(TopicId, Publication),
    /// A worker wants messages.
    Lease(LeaseRequest),
    /// A worker's delivery ends.
    Settle(LeaseId, Box<Judged>),
    /// A worker still lives: its lease runs `ack_deadline` from now.
    Renew(LeaseId),
    /// Workers of generations below this one may neither lease nor settle any more.
    Fence(SubscriptionId, u64),
    /// Time has passed: deadlines, due messages and waiting publishers are looked at.
    Tick,
}

/// The answer to one event.
#[derive(Debug)]
pub enum Answer {
    /// Done.
    Done,
    /// The publisher waits in line; [`Effects::admitted`] or [`Effects::expired_tickets`] names
    /// the ticket later.
    Waiting(Ticket),
    /// Messages for the worker.
    Granted(Box<Grant>),
    /// No message for now. Look again when woken, or at this monotonic time.
    Nothing(Option<Duration>),
    /// The event was refused; nothing changed.
    Refused(Refusal),
}

/// Why the core refused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such topic or subscription.
    Unknown,
    /// The publication is larger than the topic's whole bound: it would wait for ever.
    TooLarge,
    /// Too many publishers wait in line.
    LineFull,
    /// The lease has ended: its deadline passed, its generation was fenced, or it was settled.
    LeaseEnded,
    /// The worker's generation was fenced.
    Fenced,
}

/// What follows from one step beside its answer.
#[derive(Debug, Default)]
pub struct Effects {
    /// Subscriptions that may have messages for one more worker.
    pub wake: Vec<SubscriptionId>,
    /// Publishers whose messages were accepted now.
    pub admitted: Vec<Ticket>,
    /// Publishers who waited in vain.
    pub expired_tickets: Vec<Ticket>,
    /// Leases whose deadline passed, under a new id. The caller judges them as failed and settles.
    pub expired_leases: Vec<Grant>,
    /// Something is due at this monotonic time: [`Event::Tick`] then, at the latest.
    pub tick_at: Option<Duration>,
    /// Nothing waits anywhere: no message unsettled, delayed, or in line.
    pub quiet: bool,
    /// Batches nobody needs any more, to be freed outside the lock.
    pub released: Vec<Batch>,
}

/// The state machine.
#[derive(Debug, Default)]
pub struct Core {
    topics: Vec<Topic>,
    subscriptions: Vec<Subscription>,
    leases: BTreeMap<LeaseId, Lease>,
    deadlines: BTreeSet<(Duration, LeaseId)>,
    /// Ids of leases and tickets, and the tie-break among parked and delayed messages.
    serial: u64,
    /// Messages that some subscription has not settled, counted once for each subscription, plus
    /// delayed and waiting ones.
    unsettled: u64,
}

impl Core {
    /// A core with these topics and subscriptions, named by their places in the lists.
    #[must_use]
    pub fn new(topics: Vec<TopicRules>, subscriptions: Vec<SubscriptionRules>) -> Self {
        let mut core =
            Self { topics: topics.into_iter().map(Topic::new).collect(), ..Self::default() };
        for (place, rules) in subscriptions.into_iter().enumerate() {
            let id = SubscriptionId(place as u32);
            if let Some(topic) = core.topics.get_mut(rules.topic.0 as usize) {
                topic.subscriptions.push(id);
            }
            core.subscriptions.push(Subscription::new(rules));
        }
        core
    }

    /// Applies one event.
    pub fn step(&mut self, event: Event, now: Now) -> (Answer, Effects) {
        let mut effects = Effects::default();
        let answer = match event {
            Event::Publish(topic, publication) => {
                self.publish(topic, publication, now, &mut effects)
            }
            Event::Lease(request) => self.lease(&request, now, &mut effects),
            Event::Settle(lease, judged) => self.settle(lease, *judged, now, &mut effects),
            Event::Renew(lease) => self.renew(lease, now),
            Event::Fence(subscription, generation) => {
                self.fence(subscription, generation, &mut effects)
            }
            Event::Tick => self.tick(now, &mut effects),
        };
        effects.quiet = self.unsettled == 0;
        (answer.unwrap_or_else(Answer::Refused), effects)
    }

    /// The figures of all topics and subscriptions.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            topics: self.topics.iter().map(Topic::figures).collect(),
            subscriptions: (0..self.subscriptions.len())
                .map(|i| self.subscription_figures(i))
                .collect(),
        }
    }

    /// Whether no message is unsettled, delayed, or waiting in line.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.unsettled == 0
    }

    /// When something is due without an event: a deadline, a delayed message, a publisher's
    /// patience. Monotonic time.
    #[must_use]
    pub fn next_tick(&self, now: Now) -> Option<Duration> {
        let deadline = self.deadlines.first().map(|(due, _)| *due);
        self.topics.iter().filter_map(|topic| topic.next_tick(now)).chain(deadline).min()
    }

    /// Up to `limit` messages that `topic` keeps, from sequence number `from` on, as parts with
    /// the number of their first message.
    #[must_use]
    pub fn browse(&self, topic: TopicId, from: u64, limit: usize) -> Option<Vec<(u64, Batch)>> {
        Some(self.topics.get(topic.0 as usize)?.browse(from, limit.min(MAX_STEP_MESSAGES)))
    }

    fn publish(
        &mut self,
        id: TopicId,
        publication: Publication,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let ticket = Ticket(self.next_serial());
        let topic = self.topics.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?;
        if publication.is_empty() {
            return Ok(Answer::Done);
        }
        topic.check_size(&publication)?;
        if topic.waiting.is_empty() && topic.has_room(&publication) {
            self.append(id, publication, now, effects);
            return Ok(Answer::Done);
        }
        self.unsettled += publication.len() as u64;
        effects.tick_at = Some(topic.wait(ticket, publication, now)?);
        Ok(Answer::Waiting(ticket))
    }

    /// Puts messages into a topic, whatever room it has.
    fn append(&mut self, id: TopicId, publication: Publication, now: Now, effects: &mut Effects) {
        let Some(topic) = self.topics.get_mut(id.0 as usize) else { return };
        topic.published += publication.len() as u64;
        for delayed in publication.delayed {
            self.serial += 1;
            self.unsettled += 1;
            topic.delay(delayed, self.serial);
            effects.tick_at = topic.next_tick(now);
        }
        if let Some(batch) = publication.batch {
            self.append_visible(id, batch, now, effects);
        }
    }

    fn append_visible(&mut self, id: TopicId, batch: Batch, now: Now, effects: &mut Effects) {
        let topic = &mut self.topics[id.0 as usize];
        self.unsettled += (batch.len() * topic.subscriptions.len()) as u64;
        if topic.subscriptions.is_empty() && topic.rules.kind == TopicKind::Event {
            topic.skip(batch.len() as u64);
            effects.released.push(batch);
            return;
        }
        topic.append(batch, now.monotonic);
        effects.wake.extend_from_slice(&topic.subscriptions);
    }

    fn tick(&mut self, now: Now, effects: &mut Effects) -> Result<Answer, Refusal> {
        self.expire_leases(now, effects);
        for place in 0..self.topics.len() {
            self.publish_due(TopicId(place as u32), now, effects);
            let expired = self.topics[place].expire_waiting(now.monotonic);
            for (ticket, messages) in expired {
                self.unsettled -= messages;
                effects.expired_tickets.push(ticket);
            }
            // Whoever stood behind one that gave up may be small enough to fit.
            self.admit_waiting(TopicId(place as u32), now, effects);
        }
        effects.tick_at = self.next_tick(now);
        Ok(Answer::Done)
    }

    /// Makes delayed messages visible that are due.
    fn publish_due(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        for _ in 0..MAX_STEP_MESSAGES {
            let Some(message) = self.topics[id.0 as usize].take_due(now.wall_ms) else { return };
            self.unsettled -= 1;
            self.append_visible(id, message, now, effects);
        }
    }

    /// Lets publishers in, in order, while there is room.
    fn admit_waiting(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        while let Some((ticket, publication)) = self.topics[id.0 as usize].next_admitted() {
            self.unsettled -= publication.len() as u64;
            self.append(id, publication, now, effects);
            effects.admitted.push(ticket);
        }
    }

    /// What follows when a topic's messages became fewer: room for publishers and for those whose
    /// output it is, and batches nobody needs.
    fn make_room(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        let floor = self.floor(id);
        let topic = &mut self.topics[id.0 as usize];
        topic.release_below(floor, &mut effects.released);
        if topic.is_full() {
            return;
        }
        effects.wake.append(&mut topic.gated);
        self.admit_waiting(id, now, effects);
    }

    /// The lowest sequence number that some subscription still needs.
    fn floor(&self, id: TopicId) -> u64 {
        let topic = &self.topics[id.0 as usize];
        let floors =
            topic.subscriptions.iter().map(|sub| self.subscriptions[sub.0 as usize].floor());
        match topic.rules.kind {
            TopicKind::DeadLetter => 0,
            _ => floors.min().unwrap_or(0),
        }
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
