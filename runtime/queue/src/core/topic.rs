//! One topic: a log of batches, messages that are not visible yet, and publishers in line.

mod delayed;
mod look;
mod retention;
mod saved;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId, TopicId};

use super::Refusal;
use super::dedup::Dedup;
use super::entry::Entry;
use super::line::Line;
use crate::clock::Now;
use crate::figures::TopicFigures;
use crate::publication::{Arrival, NEVER, Publication};
use crate::rules::{TopicKind, TopicRules};

/// How often a topic that waits for a wall-clock time looks at that clock, so that a jump of it
/// delays nobody longer.
const WALL_CLOCK_CHECK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) rules: TopicRules,
    /// It is removed: its place stays empty.
    pub(super) gone: bool,
    pub(super) subscriptions: Vec<SubscriptionId>,
    /// Whether somebody orders by key and every message's hash is kept.
    pub(super) hashed: bool,
    /// Somebody wants to see every message as it becomes visible.
    pub(super) tapped: bool,
    /// Batches in order; each begins where the one before ends.
    pub(super) log: VecDeque<Entry>,
    /// Entries that were ever removed from the front: absolute entry number of `log[0]`.
    pub(super) removed: u64,
    /// Sequence number of the next message.
    pub(super) next: u64,
    /// Up to here somebody has taken messages.
    pub(super) reached: u64,
    /// Messages of the log that some reader has not settled.
    unsettled: u64,
    /// Resident bytes of the log, the delayed and the copied messages.
    pub(super) bytes: u64,
    /// Those of them that only the journal holds.
    pub(super) stored_bytes: u64,
    /// Messages that subscriptions took out of the log as copies and have not settled.
    copies: u64,
    /// By due time (milliseconds since the Unix epoch) and order of arrival.
    delayed: BTreeMap<(u64, u64), Arrival>,
    delayed_messages: u64,
    pub(super) line: Line,
    /// Subscriptions that found this topic full, their output.
    pub(super) gated: Vec<SubscriptionId>,
    pub(super) dedup: Dedup,
    /// Entries that are kept although everybody is done with them, by their base.
    retained: BTreeSet<u64>,
    retained_bytes: u64,
    retained_messages: u64,
    retained_evicted: u64,
    /// Entries by the next time a message of theirs expires.
    pub(super) expiring: BTreeSet<(u64, u64)>,
    /// As `expiring`, those that wait until a dead-letter topic has room.
    pub(super) expiry_waits: Vec<(u64, u64)>,
    /// Topics whose expired messages wait for room in this one.
    pub(super) expiry_gated: Vec<TopicId>,
    pub(super) published: u64,
    pub(super) duplicates: u64,
    pub(super) dropped: u64,
}

impl Topic {
    pub(super) fn new(rules: TopicRules) -> Self {
        Self {
            dedup: Dedup::new(rules.dedup),
            line: Line::new(rules.publish_timeout),
            rules,
            gone: false,
            subscriptions: Vec::new(),
            hashed: false,
            tapped: false,
            log: VecDeque::new(),
            removed: 0,
            next: 0,
            reached: 0,
            unsettled: 0,
            bytes: 0,
            stored_bytes: 0,
            copies: 0,
            delayed: BTreeMap::new(),
            delayed_messages: 0,
            gated: Vec::new(),
            retained: BTreeSet::new(),
            retained_bytes: 0,
            retained_messages: 0,
            retained_evicted: 0,
            expiring: BTreeSet::new(),
            expiry_waits: Vec::new(),
            expiry_gated: Vec::new(),
            published: 0,
            duplicates: 0,
            dropped: 0,
        }
    }

    /// Messages that some subscription has not settled, plus delayed ones.
    pub(super) fn depth(&self) -> u64 {
        self.unsettled + self.copies + self.delayed_messages
    }

    /// Bytes that count towards the topic's bound: retained messages give way.
    fn bound_bytes(&self) -> u64 {
        self.bytes - self.retained_bytes
    }

    pub(super) fn is_full(&self) -> bool {
        self.depth() >= self.rules.max_messages || self.bound_bytes() >= self.rules.max_bytes
    }

    pub(super) fn has_room(&self, messages: u64, bytes: u64) -> bool {
        self.depth() + messages <= self.rules.max_messages
            && self.bound_bytes() + bytes <= self.rules.max_bytes
    }

    /// Refuses what would not even fit into the empty topic.
    pub(super) fn check_size(&self, publication: &Publication) -> Result<(), Refusal> {
        let fits = publication.len() as u64 <= self.rules.max_messages
            && publication.resident_bytes() <= self.rules.max_bytes;
        if fits { Ok(()) } else { Err(Refusal::TooLarge) }
    }

    /// Whether the topic itself keeps its messages, whoever reads them.
    pub(super) fn keeps(&self) -> bool {
        match self.rules.kind {
            TopicKind::DeadLetter => true,
            TopicKind::Command => self.subscriptions.is_empty(),
            TopicKind::Event => false,
        }
    }

    fn readers(&self) -> usize {
        self.subscriptions.len() + usize::from(self.keeps())
    }

    /// Whether anybody will ever see a message that is appended now.
    pub(super) fn wants_messages(&self) -> bool {
        self.readers() > 0 || !self.rules.retain.is_zero()
    }

    /// Counts messages that nobody keeps.
    pub(super) fn skip(&mut self, messages: u64) {
        self.next += messages;
    }

    /// Appends to the log. Small arrivals share an entry while nobody has reached it.
    pub(super) fn append(&mut self, mut arrival: Arrival, now: Now, released: &mut Vec<Batch>) {
        self.make_retained_room(arrival.batch.resident_bytes() as u64, released);
        if self.hashed {
            arrival.hash_keys();
        }
        let (readers, messages) = (self.readers(), arrival.len() as u64);
        let first_expiry = arrival.expires_ms.iter().copied().min().filter(|&at| at != NEVER);
        self.unsettled += if readers > 0 { messages } else { 0 };
        let base = self.next;
        self.next += messages;
        if let Some(arrival) = self.coalesce(arrival, readers, now.monotonic) {
            // Only the last entry may be open.
            self.seal();
            let entry = Entry::new(base, arrival, readers, now.monotonic);
            self.bytes += entry.charged;
            self.log.push_back(entry);
            self.retain_if_settled(self.log.len() - 1, released);
        }
        if let (Some(at), Some(last)) = (first_expiry, self.log.back()) {
            self.expiring.insert((at, last.base));
        }
    }

    /// Puts a small arrival into the last entry; gives it back where that cannot be.
    fn coalesce(&mut self, arrival: Arrival, readers: usize, now: Duration) -> Option<Arrival> {
        let reached = self.reached;
        let takes =
            |last: &&mut Entry| last.base >= reached && last.is_live() && last.can_take(&arrival);
        let Some(last) = self.log.back_mut().filter(takes) else { return Some(arrival) };
        let refused = last.take(arrival, readers, now).err();
        let bytes = last.open_bytes().unwrap_or(last.charged);
        self.bytes = self.bytes - last.charged + bytes;
        last.charged = bytes;
        refused
    }

    /// Somebody is about to read the log: its last entry takes nothing more.
    pub(super) fn seal(&mut self) {
        let Some(last) = self.log.back_mut().filter(|last| last.is_open()) else { return };
        last.seal();
        let bytes = last.batch().map_or(0, |batch| batch.resident_bytes() as u64);
        self.bytes = self.bytes - last.charged + bytes;
        last.charged = bytes;
    }

    /// One reader is done with these messages of the log.
    pub(super) fn settle(&mut self, range: Range<u64>, released: &mut Vec<Batch>) {
        let mut place = self.entry_of(range.start);
        let mut start = range.start;
        while start < range.end {
            let Some(entry) = self.log.get_mut(place) else { return };
            let end = range.end.min(entry.end());
            let places = (start - entry.base) as usize..(end - entry.base) as usize;
            self.unsettled -= entry.settle(places);
            self.retain_if_settled(place, released);
            start = end;
            place += 1;
        }
        self.trim();
    }

    pub(super) fn add_unsettled(&mut self, messages: u64) {
        self.unsettled += messages;
    }

    /// Removes entries from the front that were let go.
    fn trim(&mut self) {
        while self.log.front().is_some_and(Entry::is_released) {
            self.log.pop_front();
            self.removed += 1;
        }
    }

    /// A subscription holds a copy of a message of its own.
    pub(super) fn add_copy(&mut self, message: &Batch) {
        self.copies += 1;
        self.bytes += message.resident_bytes() as u64;
    }

    pub(super) fn remove_copy(&mut self, message: &Batch) {
        self.copies -= 1;
        self.bytes -= message.resident_bytes() as u64;
    }

    /// Every batch that is not in the log yet.
    pub(super) fn visit_arrivals(&mut self, visit: &mut dyn FnMut(&mut Arrival)) {
        self.delayed.values_mut().for_each(&mut *visit);
        self.line.visit(visit);
    }

    /// Whether small publishes share the log's end.
    pub(super) fn is_open(&self) -> bool {
        self.log.back().is_some_and(Entry::is_open)
    }

    /// Messages that are neither visible nor refused yet.
    pub(super) fn pending(&self) -> u64 {
        self.delayed_messages + self.line.messages()
    }

    /// When something is due here without an event: monotonic time.
    pub(super) fn next_tick(&self, now: Now) -> Option<Duration> {
        let at_wall = |at_ms: u64| {
            let left = Duration::from_millis(at_ms.saturating_sub(now.wall_ms));
            now.monotonic + left.min(WALL_CLOCK_CHECK)
        };
        let delayed = self.delayed.first_key_value().map(|((due_ms, _), _)| at_wall(*due_ms));
        let expiring = self.expiring.first().map(|(at, _)| at_wall(*at));
        let others = [self.line.next_gives_up(), self.next_aged(), expiring, delayed];
        others.into_iter().flatten().min()
    }

    pub(super) fn figures(&self) -> TopicFigures {
        TopicFigures {
            depth: self.depth(),
            bytes: self.bytes,
            published: self.published,
            delayed: self.delayed_messages,
            waiting_publishers: self.line.len() as u64,
            full: self.is_full(),
            retained: self.retained_messages,
            retained_evicted: self.retained_evicted,
            duplicates: self.duplicates,
            dedup_ids: self.dedup.len(),
            dropped: self.dropped,
        }
    }
}
