//! One topic: a log of batches, messages that are not visible yet, and publishers in line.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId};

use super::{Refusal, Ticket, WAITING_PUBLISHERS_MAX};
use crate::clock::Now;
use crate::figures::TopicFigures;
use crate::publication::{Delayed, Publication};
use crate::rules::TopicRules;

/// How often a topic with delayed messages looks at the wall clock, so that a jump of that clock
/// delays nobody longer.
const WALL_CLOCK_CHECK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) rules: TopicRules,
    pub(super) subscriptions: Vec<SubscriptionId>,
    /// Batches in order; each begins where the one before ends.
    pub(super) log: VecDeque<Entry>,
    /// Entries that were ever removed from the front: absolute entry number of `log[0]`.
    pub(super) removed: u64,
    /// Sequence number of the next message.
    pub(super) next: u64,
    /// Lowest sequence number that some subscription has not settled.
    floor: u64,
    /// Resident bytes of the log, the delayed and the parked messages.
    bytes: u64,
    /// Messages parked by subscriptions: still the topic's, though copied out of the log.
    parked: u64,
    /// By due time (milliseconds since the Unix epoch) and order of arrival.
    delayed: BTreeMap<(u64, u64), Batch>,
    pub(super) waiting: VecDeque<Waiting>,
    /// Subscriptions that found this topic full, their output.
    pub(super) gated: Vec<SubscriptionId>,
    pub(super) published: u64,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// Sequence number of the batch's first message.
    pub(super) base: u64,
    pub(super) batch: Batch,
    /// Monotonic time.
    pub(super) arrived: Duration,
}

impl Entry {
    pub(super) fn end(&self) -> u64 {
        self.base + self.batch.len() as u64
    }
}

/// A publisher in line.
#[derive(Debug)]
pub(super) struct Waiting {
    ticket: Ticket,
    publication: Publication,
    gives_up: Duration,
}

impl Topic {
    pub(super) fn new(rules: TopicRules) -> Self {
        Self {
            rules,
            subscriptions: Vec::new(),
            log: VecDeque::new(),
            removed: 0,
            next: 0,
            floor: 0,
            bytes: 0,
            parked: 0,
            delayed: BTreeMap::new(),
            waiting: VecDeque::new(),
            gated: Vec::new(),
            published: 0,
        }
    }

    /// Messages that some subscription has not settled, plus delayed ones.
    pub(super) fn depth(&self) -> u64 {
        self.next - self.floor + self.parked + self.delayed.len() as u64
    }

    pub(super) fn is_full(&self) -> bool {
        self.depth() >= self.rules.max_messages || self.bytes >= self.rules.max_bytes
    }

    pub(super) fn has_room(&self, publication: &Publication) -> bool {
        self.depth() + publication.len() as u64 <= self.rules.max_messages
            && self.bytes + publication.resident_bytes() <= self.rules.max_bytes
    }

    /// Refuses what would not even fit into the empty topic.
    pub(super) fn check_size(&self, publication: &Publication) -> Result<(), Refusal> {
        let fits = publication.len() as u64 <= self.rules.max_messages
            && publication.resident_bytes() <= self.rules.max_bytes;
        if fits { Ok(()) } else { Err(Refusal::TooLarge) }
    }

    pub(super) fn append(&mut self, batch: Batch, arrived: Duration) {
        let base = self.next;
        self.next += batch.len() as u64;
        self.bytes += batch.resident_bytes() as u64;
        self.log.push_back(Entry { base, batch, arrived });
    }

    /// Counts messages that nobody keeps.
    pub(super) fn skip(&mut self, messages: u64) {
        self.next += messages;
        self.floor = self.next;
    }

    /// Removes entries that lie wholly below `floor`.
    pub(super) fn release_below(&mut self, floor: u64, released: &mut Vec<Batch>) {
        self.floor = self.floor.max(floor);
        while self.log.front().is_some_and(|entry| entry.end() <= floor) {
            let Some(entry) = self.log.pop_front() else { return };
            self.removed += 1;
            self.bytes -= entry.batch.resident_bytes() as u64;
            released.push(entry.batch);
        }
    }

    pub(super) fn park(&mut self, message: &Batch) {
        self.parked += 1;
        self.bytes += message.resident_bytes() as u64;
    }

    pub(super) fn unpark(&mut self, message: &Batch) {
        self.parked -= 1;
        self.bytes -= message.resident_bytes() as u64;
    }

    pub(super) fn delay(&mut self, delayed: Delayed, serial: u64) {
        self.bytes += delayed.message.resident_bytes() as u64;
        self.delayed.insert((delayed.due_ms, serial), delayed.message);
    }

    pub(super) fn take_due(&mut self, wall_ms: u64) -> Option<Batch> {
        let first = self.delayed.first_entry().filter(|first| first.key().0 <= wall_ms)?;
        let message = first.remove();
        self.bytes -= message.resident_bytes() as u64;
        Some(message)
    }

    /// Puts a publisher in line; answers when its patience ends.
    pub(super) fn wait(
        &mut self,
        ticket: Ticket,
        publication: Publication,
        now: Now,
    ) -> Result<Duration, Refusal> {
        if self.waiting.len() >= WAITING_PUBLISHERS_MAX {
            return Err(Refusal::LineFull);
        }
        let gives_up = now.monotonic + self.rules.publish_timeout;
        self.waiting.push_back(Waiting { ticket, publication, gives_up });
        Ok(gives_up)
    }

    /// The first publisher in line, if there is room for it.
    pub(super) fn next_admitted(&mut self) -> Option<(Ticket, Publication)> {
        self.waiting.front().filter(|first| self.has_room(&first.publication))?;
        self.waiting.pop_front().map(|first| (first.ticket, first.publication))
    }

    /// Publishers whose patience ended, with the number of their messages. All have the same
    /// patience, so that the first in line is the first to go.
    pub(super) fn expire_waiting(&mut self, now: Duration) -> Vec<(Ticket, u64)> {
        let expired = self.waiting.iter().take_while(|one| one.gives_up <= now).count();
        self.waiting
            .drain(..expired)
            .map(|one| (one.ticket, one.publication.len() as u64))
            .collect()
    }

    pub(super) fn next_tick(&self, now: Now) -> Option<Duration> {
        let due = self.delayed.first_key_value().map(|((due_ms, _), _)| {
            let left = Duration::from_millis(due_ms.saturating_sub(now.wall_ms));
            now.monotonic + left.min(WALL_CLOCK_CHECK)
        });
        self.waiting.front().map(|first| first.gives_up).into_iter().chain(due).min()
    }

    /// Place in `log` of the entry that holds `sequence`.
    pub(super) fn entry_of(&self, sequence: u64) -> usize {
        self.log.partition_point(|entry| entry.end() <= sequence)
    }

    /// How many entries, from place `first` on, end at or before `sequence`.
    pub(super) fn entries_until(&self, first: usize, sequence: u64) -> usize {
        self.log.iter().skip(first).take_while(|entry| entry.end() <= sequence).count()
    }

    pub(super) fn browse(&self, from: u64, limit: usize) -> Vec<(u64, Batch)> {
        let mut left = limit;
        let mut parts = Vec::new();
        for entry in self.log.iter().skip(self.entry_of(from)) {
            let start = from.saturating_sub(entry.base) as usize;
            let end = entry.batch.len().min(start + left);
            if left == 0 {
                break;
            }
            left -= end - start;
            parts.push((entry.base + start as u64, entry.batch.slice(start..end)));
        }
        parts
    }

    pub(super) fn figures(&self) -> TopicFigures {
        TopicFigures {
            depth: self.depth(),
            bytes: self.bytes,
            published: self.published,
            delayed: self.delayed.len() as u64,
            waiting_publishers: self.waiting.len() as u64,
            full: self.is_full(),
        }
    }
}
