//! The delivery core: who gets which messages, until when, and what follows a settle.
//!
//! `step(event, now) -> effects`, one event at a time. A step touches indexes only: batches are
//! handed around by reference, gathering and building happen on the publisher's or the worker's
//! thread, before (see [`crate::judge`]) or after the step. No step does more than
//! [`MAX_STEP_MESSAGES`] messages of work, a seek excepted.
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

mod by_key;
mod changes;
mod declare;
mod dedup;
mod deploy;
mod entry;
mod errand;
mod event;
mod expiry;
mod figures;
mod forget;
mod hashed;
mod keys;
mod lease;
mod letters;
mod line;
mod lose;
mod module;
mod parking;
mod pending;
mod publish;
mod rate;
mod restart;
mod save;
mod seek;
mod serving;
mod settle;
mod spans;
mod store;
mod subscription;
mod take;
mod topic;
mod withheld;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_message::{MessageId, SubscriptionId, TopicId};

pub use self::declare::{
    Change, Changed, Declaration, Kind, Leftover, Named, Plan, Rename, Source,
};
use self::deploy::Plugin;
pub use self::deploy::{Act, Deploy, ModulePart, TrialEnd, Version};
pub use self::event::{Answer, Effects, Event, Refusal, TakenBack, Ticket, Why};
pub use self::forget::Letter;
use self::lease::Lease;
pub use self::lease::{Grant, Histories, History, LeaseId};
pub(crate) use self::module::PartPlace;
pub use self::module::{MODULE_PART_BYTES, MODULE_PARTS_MAX};
pub use self::restart::CRASHES_MAX;
pub use self::seek::SeekTo;
pub use self::serving::Tally;
use self::settle::Stopper;
pub(crate) use self::store::Kept;
pub use self::store::{Absent, Move, Seen};
use self::subscription::Subscription;
use self::topic::Topic;
use crate::clock::Now;
use crate::rules::{Handler, Ordering, SubscriptionRules, TopicRules};

/// The most messages that one step looks at one by one, so that no step holds up the others.
pub const MAX_STEP_MESSAGES: usize = 1_024;

/// Publishers that may wait in line for one topic; the next is refused at once.
pub const WAITING_PUBLISHERS_MAX: usize = 4_096;

/// The state machine.
#[derive(Debug, Default)]
pub struct Core {
    topics: Vec<Topic>,
    subscriptions: Vec<Subscription>,
    leases: BTreeMap<LeaseId, Lease>,
    deadlines: BTreeSet<(Duration, LeaseId)>,
    /// Dead letters that stop a key, by their topics and their own ids.
    stoppers: BTreeMap<(TopicId, MessageId), Stopper>,
    /// Topics in which something becomes due by itself.
    timed: BTreeSet<u32>,
    /// How far each source has read.
    positions: BTreeMap<String, Bytes>,
    /// The pipeline's name and text, as declared last.
    pipeline: (String, String),
    /// Messages that came back from the journal and may leave again first, by topic and base.
    restored: VecDeque<(TopicId, u64)>,
    /// The versions of plugins, by the plugins' names.
    plugins: BTreeMap<String, Plugin>,
    /// Subscriptions in which something is withheld though the trial is decided.
    deciding: BTreeSet<u32>,
    /// The last generation of workers that was given out.
    generations: u64,
    /// Ids of leases and tickets, and the tie-break among parked and delayed messages.
    serial: u64,
}

impl Core {
    /// The text of the pipeline file that it was declared by last.
    pub(crate) fn pipeline_text(&self) -> &str {
        &self.pipeline.1
    }

    /// A core with these topics and subscriptions, named by their places in the lists.
    #[must_use]
    pub fn new(topics: Vec<TopicRules>, subscriptions: Vec<SubscriptionRules>) -> Self {
        let mut core =
            Self { topics: topics.into_iter().map(Topic::new).collect(), ..Self::default() };
        for (place, rules) in subscriptions.into_iter().enumerate() {
            let id = SubscriptionId(place as u32);
            if let Some(topic) = core.topics.get_mut(rules.topic.0 as usize) {
                topic.subscriptions.push(id);
                topic.hashed |= rules.ordering == Ordering::Key;
            }
            core.subscriptions.push(Subscription::new(rules));
        }
        core
    }

    /// Applies one event.
    pub fn step(&mut self, event: Event, now: Now) -> (Answer, Effects) {
        let mut effects = Effects::default();
        let answer = match event {
            event if self.names_what_is_gone(&event) => Err(Refusal::Unknown),
            Event::Publish(topic, publication) => {
                self.publish(topic, publication, now, &mut effects)
            }
            Event::Lease(request) => self.lease(&request, now, &mut effects),
            Event::Settle(lease, judged) => self.settle(lease, *judged, now, &mut effects),
            Event::Renew(lease) => self.renew(lease, now, &mut effects),
            Event::Fence(subscription, generation) => {
                self.fence(subscription, generation, now, &mut effects)
            }
            Event::Pause(subscription, paused) => self.pause(subscription, paused, &mut effects),
            Event::Errand(subscription, errand) => self.set_errand(subscription, errand),
            Event::Seek(subscription, to) => self.seek(subscription, to, now, &mut effects),
            Event::Purge(topic, from, below) => self.purge(topic, from, below, now, &mut effects),
            Event::Redrive(subscription, letters) => {
                self.redrive(subscription, letters, now, &mut effects)
            }
            Event::PurgeLetters(letters) => self.purge_letters(letters, now, &mut effects),
            Event::Tap(topic, watched) => self.tap(topic, watched),
            Event::Tick => self.tick(now, &mut effects),
            Event::Seal(topic) => self.seal(topic),
            Event::Declare(declaration) => self.declare(*declaration, now, &mut effects),
            Event::Alter(declaration) => self.alter(*declaration, now, &mut effects),
            Event::Restart => self.restart(now, &mut effects),
            Event::Moved(moves) => self.moved(&moves),
            Event::Deploy(deploy) => self.deploy(*deploy, now, &mut effects),
            Event::Keep(part) => self.keep_module(*part),
        };
        (answer.unwrap_or_else(Answer::Refused), effects)
    }

    /// Whether the event is about a topic or a subscription that was removed.
    fn names_what_is_gone(&self, event: &Event) -> bool {
        let topic = |id: &TopicId| self.topics.get(id.0 as usize).is_some_and(|one| one.gone);
        let subscription =
            |id: &SubscriptionId| self.subscriptions.get(id.0 as usize).is_some_and(|one| one.gone);
        match event {
            Event::Publish(id, _) | Event::Purge(id, ..) | Event::Tap(id, _) | Event::Seal(id) => {
                topic(id)
            }
            Event::Lease(request) => subscription(&request.subscription),
            Event::Fence(id, _)
            | Event::Pause(id, _)
            | Event::Seek(id, _)
            | Event::Errand(id, _)
            | Event::Redrive(id, _) => subscription(id),
            _ => false,
        }
    }

    /// Whether messages of `topic` are ordered by key, so that publishers make their hashes.
    #[must_use]
    pub fn hashes_keys(&self, topic: TopicId) -> bool {
        self.topics.get(topic.0 as usize).is_some_and(|topic| topic.hashed)
    }

    /// Whether small publishes share the end of the topic's log, so that it is not seen yet.
    #[must_use]
    pub fn is_open(&self, topic: TopicId) -> bool {
        self.topics.get(topic.0 as usize).is_some_and(Topic::is_open)
    }

    /// Sequence number that the next message of `topic` gets.
    #[must_use]
    pub fn end_of(&self, topic: TopicId) -> Option<u64> {
        self.topics.get(topic.0 as usize).map(|topic| topic.next)
    }

    /// When something is due without an event: a deadline, a delayed message, a publisher's
    /// patience, an expiry, the end of a retention. Monotonic time.
    #[must_use]
    pub fn next_tick(&self, now: Now) -> Option<Duration> {
        let deadline = self.deadlines.first().map(|(due, _)| *due);
        let timed =
            self.timed.iter().filter_map(|&topic| self.topics[topic as usize].next_tick(now));
        let deciding = (!self.deciding.is_empty()).then_some(now.monotonic);
        timed.chain(deadline).chain(deciding).min()
    }

    /// Up to `limit` messages that `topic` keeps, from sequence number `from` on, in parts. Small
    /// publishes that share the log's end are seen after [`Event::Seal`].
    #[must_use]
    pub fn browse(&self, topic: TopicId, from: u64, limit: usize) -> Option<Vec<Seen>> {
        Some(self.topics.get(topic.0 as usize)?.browse(from, limit.min(MAX_STEP_MESSAGES)))
    }

    /// Who handled messages of the subscription last.
    pub(crate) fn handler_of(&self, id: SubscriptionId) -> Arc<Handler> {
        let nobody = || Arc::new(Handler { name: String::new(), digest: String::new() });
        self.subscriptions.get(id.0 as usize).map_or_else(nobody, |one| Arc::clone(&one.handler))
    }

    /// A number that two cores hardly share after a step if they were led differently: of the ids
    /// given out and of the topics that grew, not of all there are.
    pub(crate) fn fingerprint(&self, effects: &Effects) -> u64 {
        let grown = effects.grown.iter().map(|id| &self.topics[id.0 as usize]);
        let topics = grown.map(|topic| topic.next ^ topic.bytes.rotate_left(32));
        topics.fold(self.serial, |all, one| all.rotate_left(7) ^ one)
    }

    /// How far a source has read: what came with its last publish.
    #[must_use]
    pub fn position(&self, source: &str) -> Option<Bytes> {
        self.positions.get(source).cloned()
    }

    fn pause(
        &mut self,
        id: SubscriptionId,
        paused: bool,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let subscription = self.subscriptions.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?;
        subscription.paused = paused;
        if !paused {
            effects.wake.push(id);
        }
        Ok(Answer::Done)
    }

    fn seal(&mut self, id: TopicId) -> Result<Answer, Refusal> {
        self.topics.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?.seal();
        Ok(Answer::Done)
    }

    fn tap(&mut self, id: TopicId, watched: bool) -> Result<Answer, Refusal> {
        self.topics.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?.tapped = watched;
        Ok(Answer::Done)
    }

    fn tick(&mut self, now: Now, effects: &mut Effects) -> Result<Answer, Refusal> {
        self.expire_leases(now, effects);
        self.go_on_withheld(now, effects);
        for place in self.timed.clone() {
            self.tick_topic(TopicId(place), now, effects);
        }
        if let Some(at) = self.next_tick(now) {
            effects.tick_by(at);
        }
        Ok(Answer::Done)
    }

    fn tick_topic(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        self.publish_due(id, now, effects);
        self.sweep(id, now, effects);
        let topic = &mut self.topics[id.0 as usize];
        topic.release_aged(now.monotonic, MAX_STEP_MESSAGES, &mut effects.released);
        while let Some(ticket) = topic.line.give_up(now.monotonic) {
            effects.expired_tickets.push(ticket);
        }
        // Whoever stood behind one that gave up may be small enough to fit.
        self.make_room(id, now, effects);
        if self.topics[id.0 as usize].next_tick(now).is_none() {
            self.timed.remove(&id.0);
        }
    }

    /// Remembers to look at the topic when something in it is due.
    fn watch(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        if let Some(at) = self.topics[id.0 as usize].next_tick(now) {
            self.timed.insert(id.0);
            effects.tick_by(at);
        }
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
