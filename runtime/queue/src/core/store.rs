//! Messages that only the journal has: fetched before a step looks at them, left to it again when
//! memory is short.
//!
//! What a step decides never depends on what is in memory: [`Core::absent`] names beforehand what
//! an event may look at, a superset, and the caller fetches it.

use std::collections::HashMap;

use millstream_message::{Batch, TopicId};

use super::entry::Entry;
use super::module::{Module, Part};
use super::pending::{Copied, Pending, Place};
use super::subscription::Subscription;
use super::topic::Topic;
use super::{Answer, Core, Event, MAX_STEP_MESSAGES, Refusal, SeekTo};
use crate::clock::Now;
use crate::judge::Outcome;
use crate::publication::Arrival;
use crate::rules::LeaseRequest;
use crate::stored::{Runs, Stored};

/// Entries that are fetched at once: what one step looks at in the ordinary case.
const ABSENT_MAX: usize = 8;

/// Entries of a topic that are looked at in search of memory to give back.
const EVICT_LOOKS_MAX: usize = 4_096;

/// Messages of a topic's log that are wanted and not in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The topic.
    pub topic: TopicId,
    /// Sequence number of the first.
    pub base: u64,
    /// Where the journal keeps them, in order.
    pub stored: Vec<Stored>,
}

/// Messages that somebody browses, with the sequence number of the first.
#[derive(Clone, Debug)]
pub enum Seen {
    /// In memory.
    Batch(u64, Batch),
    /// In the journal only.
    Stored(u64, Vec<Stored>),
}

impl Seen {
    /// The messages, if they are in memory.
    #[must_use]
    pub fn in_memory(self) -> Option<(u64, Batch)> {
        match self {
            Self::Batch(first, batch) => Some((first, batch)),
            Self::Stored(..) => None,
        }
    }
}

/// Messages that a journal keeps in another record from now on.
#[derive(Clone, Debug)]
pub struct Move {
    /// Where they were: consecutive runs that make up the batch.
    pub from: Vec<Stored>,
    /// The messages.
    pub batch: Batch,
    /// Where they are.
    pub to: Option<Stored>,
}

/// A batch of messages that is needed, and where it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) stored: Runs,
    /// Memory that it takes, or would take.
    pub(crate) bytes: u64,
}

impl Core {
    /// What must be in memory before `event`: ask again when it is, until nothing is absent.
    #[must_use]
    pub fn absent(&self, event: &Event, now: Now) -> Vec<Absent> {
        let mut absent = Vec::new();
        match event {
            Event::Lease(request) => self.absent_for_lease(request, &mut absent),
            Event::Seek(subscription, SeekTo::Time(wall_ms)) => {
                let subscription = self.subscriptions.get(subscription.0 as usize);
                if let Some(id) = subscription.map(|subscription| subscription.rules.topic) {
                    let log = &self.topics[id.0 as usize].log;
                    let found = log.iter().find(|entry| entry.holds_newer(*wall_ms));
                    absent.extend(found.and_then(|entry| want(id, entry)));
                }
            }
            Event::Tick => {
                for &place in &self.timed {
                    self.absent_for_sweep(TopicId(place), now, &mut absent);
                }
            }
            Event::Declare(declaration) | Event::Alter(declaration) => {
                self.absent_for_declare(declaration, &mut absent)
            }
            _ => {}
        }
        absent.dedup();
        absent
    }

    fn absent_for_lease(&self, request: &LeaseRequest, absent: &mut Vec<Absent>) {
        let Some(subscription) = self.subscriptions.get(request.subscription.0 as usize) else {
            return;
        };
        let id = subscription.rules.topic;
        let topic = &self.topics[id.0 as usize];
        if topic.stored_bytes == 0 {
            return;
        }
        let messages = (subscription.rules.batch_messages.min(request.messages_max)).max(1);
        for sequence in subscription.keys.ready_sequences(messages as usize) {
            let found = topic.find(sequence).and_then(|(entry, _)| want(id, entry));
            absent.extend(found);
            if absent.len() >= ABSENT_MAX {
                return;
            }
        }
        let lane = self.scope(request).ok().flatten().and_then(|scope| scope.lane);
        let from = lane.map_or(0, |lane| subscription.passed[lane]);
        for (start, end) in runs_ahead(subscription, topic, from) {
            absent_of_run(id, topic, start, end, absent);
        }
    }

    /// Entries with messages that have expired, which the next sweep hands out.
    fn absent_for_sweep(&self, id: TopicId, now: Now, absent: &mut Vec<Absent>) {
        let topic = &self.topics[id.0 as usize];
        if topic.keeps() || topic.stored_bytes == 0 {
            return;
        }
        let due = topic.expiring.iter().take_while(|(at, _)| *at <= now.wall_ms);
        for (_, base) in due.take(MAX_STEP_MESSAGES) {
            let found = topic.log.get(topic.entry_of(*base)).filter(|entry| entry.base == *base);
            absent.extend(found.and_then(|entry| want(id, entry)));
        }
    }

    /// Whether these messages are wanted still, and kept where they were.
    #[must_use]
    pub fn is_absent(&self, absent: &Absent) -> bool {
        let Some(topic) = self.topics.get(absent.topic.0 as usize) else { return false };
        let entry = topic.log.get(topic.entry_of(absent.base));
        entry.is_some_and(|entry| {
            entry.base == absent.base
                && entry.is_stored()
                && entry.stored.iter().eq(absent.stored.iter().copied())
        })
    }

    /// Takes messages back that were fetched.
    pub fn restore(&mut self, absent: &Absent, batch: Batch) {
        let Some(topic) = self.topics.get_mut(absent.topic.0 as usize) else { return };
        let place = topic.entry_of(absent.base);
        let Some(entry) = topic.log.get_mut(place) else { return };
        if entry.base == absent.base && entry.restore(batch) {
            topic.stored_bytes -= entry.charged;
            self.restored.push_back((absent.topic, absent.base));
        }
    }

    /// Bytes of all messages, wherever they are.
    pub(crate) fn kept_bytes(&self) -> u64 {
        self.topics.iter().map(|topic| topic.bytes).sum()
    }

    /// Memory of messages, of what waits to become visible and of dedup ids.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.topics.iter().map(Topic::resident_bytes).sum()
    }

    /// Leaves messages to the journal until no more than `budget` bytes are in memory, or nothing
    /// more can go. Only what lies below log position `below` is there for sure. Answers the
    /// batches, to be freed outside the lock.
    pub fn evict(&mut self, budget: u64, below: u64) -> Vec<Batch> {
        let mut freed = Vec::new();
        let mut over = self.resident_bytes().saturating_sub(budget);
        for _ in 0..self.restored.len().min(EVICT_LOOKS_MAX) {
            if over == 0 {
                return freed;
            }
            let Some((topic, base)) = self.restored.pop_front() else { break };
            let topic = &mut self.topics[topic.0 as usize];
            let place = topic.entry_of(base);
            over = over.saturating_sub(topic.leave_to_journal(place, below, &mut freed));
        }
        let mut largest: Vec<usize> = (0..self.topics.len()).collect();
        largest.sort_by_key(|&place| std::cmp::Reverse(self.topics[place].resident_bytes()));
        for place in largest {
            let topic = &mut self.topics[place];
            // The last entry may still take messages; the farthest from the readers go first.
            for place in (0..topic.log.len().saturating_sub(1)).rev().take(EVICT_LOOKS_MAX) {
                if over == 0 {
                    return freed;
                }
                over = over.saturating_sub(topic.leave_to_journal(place, below, &mut freed));
            }
        }
        freed
    }

    /// The journal keeps messages elsewhere from now on. What is no longer needed is not found. Messages
    /// that only the journal had are taken back: their new record may not be written yet.
    pub(super) fn moved(&mut self, moves: &[Move]) -> Result<Answer, Refusal> {
        let by_first: HashMap<Stored, &Move> =
            moves.iter().filter_map(|one| Some((*one.from.first()?, one))).collect();
        let found = |from: &Runs| {
            let one = by_first.get(&from.first()?)?;
            let same = from.iter().eq(one.from.iter().copied());
            one.to.filter(|_| same).map(|to| (to, &one.batch))
        };
        for (place, topic) in self.topics.iter_mut().enumerate() {
            for entry in &mut topic.log {
                let Some((to, batch)) = found(&entry.stored) else { continue };
                entry.stored = to.into();
                if entry.restore(batch.clone()) {
                    topic.stored_bytes -= entry.charged;
                    self.restored.push_back((TopicId(place as u32), entry.base));
                }
            }
        }
        self.visit_copies(&mut |_, stored| {
            if let Some((to, _)) = stored.and_then(|from| found(&from.into())) {
                *stored = Some(to);
            }
        });
        for part in self.module_parts() {
            if let Some((to, _)) = part.stored.and_then(|from| found(&from.into())) {
                part.stored = Some(to);
            }
        }
        Ok(Answer::Done)
    }

    /// Everything that the journal keeps for the core.
    pub(crate) fn kept(&mut self) -> Vec<Kept> {
        let mut kept = Vec::new();
        for entry in self.topics.iter().flat_map(|topic| &topic.log) {
            if !entry.is_released() && !entry.stored.is_empty() {
                kept.push(Kept { stored: entry.stored.clone(), bytes: entry.charged });
            }
        }
        self.visit_copies(&mut |batch, stored| {
            if let Some(stored) = *stored {
                kept.push(Kept { stored: stored.into(), bytes: batch.resident_bytes() as u64 });
            }
        });
        for part in self.module_parts() {
            kept.extend(part.stored.map(|at| Kept { stored: at.into(), bytes: part.size }));
        }
        kept
    }

    fn module_parts(&mut self) -> impl Iterator<Item = &mut Part> {
        let modules = self.plugins.values_mut().flat_map(|plugin| plugin.modules.values_mut());
        modules.flat_map(Module::parts_mut)
    }

    /// Every batch beside the logs, with where the journal keeps it: delayed messages, publishers
    /// in line, copies that wait or are under lease.
    pub(super) fn visit_copies(&mut self, visit: &mut dyn FnMut(&mut Batch, &mut Option<Stored>)) {
        for topic in &mut self.topics {
            topic.visit_arrivals(&mut |arrival: &mut Arrival| {
                visit(&mut arrival.batch, &mut arrival.stored);
            });
        }
        let mut copy = |copied: &mut Copied| {
            visit(&mut copied.message, &mut copied.stored);
            if let Some(Outcome::Letter { letter, stored, .. }) = copied.withheld.as_deref_mut() {
                visit(letter, stored);
            }
        };
        for subscription in &mut self.subscriptions {
            subscription.parking.visit(&mut copy);
            subscription.keys.visit(&mut copy);
        }
        for item in self.leases.values_mut().flat_map(|lease| lease.items.iter_mut().flatten()) {
            item.visit_copy(&mut copy);
        }
    }
}

impl Topic {
    /// Memory of what the topic keeps.
    fn resident_bytes(&self) -> u64 {
        /// What a dedup id takes in both of its indexes.
        const DEDUP_ID_BYTES: u64 = 80;
        self.bytes - self.stored_bytes + self.dedup.len() * DEDUP_ID_BYTES
    }

    fn leave_to_journal(&mut self, place: usize, below: u64, freed: &mut Vec<Batch>) -> u64 {
        let dead_letters = self.keeps();
        let is_last = place + 1 >= self.log.len();
        let entry = self.log.get_mut(place).filter(|_| !is_last);
        let Some(entry) = entry else { return 0 };
        let Some(batch) = entry.evict(below, dead_letters) else { return 0 };
        freed.push(batch);
        let charged = entry.charged;
        self.stored_bytes += charged;
        charged
    }
}

impl Pending {
    pub(super) fn visit_copy(&mut self, visit: &mut dyn FnMut(&mut Copied)) {
        if let Place::Copy(copied) = &mut self.place {
            visit(copied);
        }
    }
}

fn want(topic: TopicId, entry: &Entry) -> Option<Absent> {
    let stored = entry.is_stored();
    stored.then(|| Absent { topic, base: entry.base, stored: entry.stored.to_vec() })
}

/// The runs of the log that a lease may look at: those that wait again, of which it begins behind
/// `from`, then what is new, for all of them may be too old or somebody else's.
fn runs_ahead(subscription: &Subscription, topic: &Topic, from: u64) -> Vec<(u64, u64)> {
    let mut left = 2 * MAX_STEP_MESSAGES as u64;
    let mut runs = Vec::new();
    let across = subscription.available.range(..from).next_back();
    let across = across.filter(|(_, span)| span.end > from).map(|(_, span)| (from, span));
    let behind = subscription.available.range(from..).map(|(&start, span)| (start, span));
    for (start, span) in across.into_iter().chain(behind) {
        if left == 0 {
            break;
        }
        let end = span.end.min(start + left);
        left -= end - start;
        runs.push((start, end));
    }
    let start = subscription.cursor;
    runs.push((start, topic.next.min(start + 2 * MAX_STEP_MESSAGES as u64)));
    runs
}

pub(super) fn absent_of_run(
    id: TopicId,
    topic: &Topic,
    start: u64,
    end: u64,
    absent: &mut Vec<Absent>,
) {
    for entry in topic.log.iter().skip(topic.entry_of(start)) {
        if entry.base >= end || absent.len() >= ABSENT_MAX {
            return;
        }
        absent.extend(want(id, entry));
    }
}
