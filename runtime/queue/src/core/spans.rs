//! Taking messages from a run of a topic's log, in order, as far as a budget allows.

use std::ops::Range;

use millstream_message::Batch;

use super::MAX_STEP_MESSAGES;
use super::entry::{Entry, Segment};
use super::topic::Topic;
use crate::rules::KeyRange;

/// What one lease may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) messages: usize,
    pub(super) bytes: u64,
    pub(super) keys: Option<KeyRange>,
    /// The version whose messages these are; none where they are not simply all of one version's.
    pub(super) lane: Option<usize>,
    /// Nothing may be passed over: what belongs to others ends the taking.
    pub(super) strict: bool,
    /// Messages that expire up to here are too old: milliseconds since the Unix epoch.
    pub(super) wall_ms: u64,
}

/// What was taken from a run of the log.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) parts: Vec<Batch>,
    /// Sequence numbers taken, ascending.
    pub(super) runs: Vec<Range<u64>>,
    /// Sequence numbers looked at but left, ascending: keys of somebody else.
    pub(super) left: Vec<Range<u64>>,
    /// Sequence numbers of messages that are too old.
    pub(super) expired: Vec<u64>,
    /// Messages passed that are gone.
    pub(super) gone: u64,
    pub(super) messages: usize,
    bytes: u64,
    /// One past the last sequence number looked at.
    pub(super) end: Option<u64>,
    /// Whether the budget, rather than the run's end, ended the taking.
    pub(super) cut: bool,
}

impl Taken {
    /// Nothing yet, and so much less to take than the budget allows.
    pub(super) fn beside(other: &Self) -> Self {
        Self { messages: other.messages, bytes: other.bytes, ..Self::default() }
    }

    /// Adds what was taken beside this.
    pub(super) fn join(&mut self, more: Self) {
        let Self { parts, runs, messages, bytes, .. } = more;
        self.parts.extend(parts);
        runs.into_iter().for_each(|run| push_joined(&mut self.runs, run));
        (self.messages, self.bytes) = (messages, bytes);
    }

    /// Takes from `run` what `budget` allows. `fresh`: nobody of this subscription has looked at
    /// the run before, so that what is gone is skipped.
    pub(super) fn from_run(
        topic: &Topic,
        run: Range<u64>,
        first_entry: usize,
        budget: Budget,
        fresh: bool,
    ) -> Self {
        let mut taken = Self::default();
        taken.add_run(topic, run, first_entry, budget, fresh);
        taken
    }

    pub(super) fn add_run(
        &mut self,
        topic: &Topic,
        run: Range<u64>,
        first_entry: usize,
        budget: Budget,
        fresh: bool,
    ) {
        let mut looked_at = 0;
        for entry in topic.log.iter().skip(first_entry).take(MAX_STEP_MESSAGES) {
            if entry.base >= run.end || self.cut || looked_at >= MAX_STEP_MESSAGES {
                break;
            }
            let start = run.start.saturating_sub(entry.base) as usize;
            let end = (run.end - entry.base).min(entry.len() as u64) as usize;
            looked_at += self.add_entry(entry, start..end, budget, fresh, looked_at);
        }
    }

    fn add_entry(
        &mut self,
        entry: &Entry,
        range: Range<usize>,
        budget: Budget,
        fresh: bool,
        looked_at: usize,
    ) -> usize {
        let mut looked = 0;
        let mut rest = range;
        while !rest.is_empty() && !self.cut && looked_at + looked < MAX_STEP_MESSAGES {
            let (segment, mut places) = entry.segment(rest.clone(), budget.wall_ms, fresh);
            if segment != Segment::Present || budget.keys.is_some() {
                places.end = places.end.min(places.start + MAX_STEP_MESSAGES - looked_at - looked);
                looked += places.len();
            }
            rest.start = places.end;
            self.segment(entry, segment, places, budget);
        }
        looked
    }

    fn segment(&mut self, entry: &Entry, segment: Segment, places: Range<usize>, budget: Budget) {
        let sequence = |i: usize| entry.base + i as u64;
        match (segment, budget.keys, entry.batch()) {
            (Segment::Present, None, Some(batch)) => self.prefix(entry.base, batch, places, budget),
            (Segment::Present, Some(keys), Some(batch)) => {
                self.matching(entry.base, batch, places, budget, keys)
            }
            // Not at hand: whoever asked did not fetch it before. It is not passed over.
            (Segment::Present, _, None) => self.cut = true,
            (Segment::Expired, _, _) => {
                self.expired.extend(places.clone().map(sequence));
                self.end = Some(sequence(places.end));
            }
            _ => {
                self.gone += places.len() as u64;
                self.end = Some(sequence(places.end));
            }
        }
    }

    fn prefix(&mut self, base: u64, batch: &Batch, range: Range<usize>, budget: Budget) {
        let wanted = range.start..range.end.min(range.start + (budget.messages - self.messages));
        let fits = fitting(batch, wanted, self.bytes, self.messages == 0, budget.bytes);
        self.cut = fits.end < range.end || self.messages + fits.len() == budget.messages;
        if !fits.is_empty() {
            self.take(base, batch, fits);
        }
    }

    fn matching(
        &mut self,
        base: u64,
        batch: &Batch,
        range: Range<usize>,
        budget: Budget,
        keys: KeyRange,
    ) {
        for i in range {
            if self.cut {
                return;
            }
            if keys.contains(batch.get(i).key_hash()) {
                self.prefix(base, batch, i..i + 1, budget);
            } else if budget.strict {
                self.cut = true;
            } else {
                push_joined(&mut self.left, base + i as u64..base + i as u64 + 1);
                self.end = Some(base + i as u64 + 1);
            }
        }
    }

    /// Takes messages `range` of the batch that begins at `base`.
    pub(super) fn take(&mut self, base: u64, batch: &Batch, range: Range<usize>) {
        let end = base + range.end as u64;
        let part = batch.slice(range.clone());
        self.messages += part.len();
        self.bytes += part.bytes() as u64;
        self.parts.push(part);
        self.end = Some(end);
        push_joined(&mut self.runs, base + range.start as u64..end);
    }

    /// The longest prefix of `wanted` that the budget's bytes still allow.
    pub(super) fn fitting(&self, batch: &Batch, wanted: Range<usize>, max: u64) -> Range<usize> {
        fitting(batch, wanted, self.bytes, self.messages == 0, max)
    }
}

/// The longest prefix of `wanted` whose bytes fit; at least one message if it would be the first.
fn fitting(
    batch: &Batch,
    wanted: Range<usize>,
    taken: u64,
    is_first: bool,
    bytes_max: u64,
) -> Range<usize> {
    let fits = |end: usize| taken + batch.slice(wanted.start..end).bytes() as u64 <= bytes_max;
    if fits(wanted.end) {
        return wanted;
    }
    let (mut low, mut high) = (wanted.start, wanted.end);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if fits(middle) { low = middle } else { high = middle }
    }
    let at_least = (wanted.start + usize::from(is_first)).min(wanted.end);
    wanted.start..low.max(at_least)
}

pub(super) fn push_joined(ranges: &mut Vec<Range<u64>>, range: Range<u64>) {
    match ranges.last_mut().filter(|last| last.end == range.start) {
        Some(last) => last.end = range.end,
        None => ranges.push(range),
    }
}
