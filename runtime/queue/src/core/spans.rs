//! Taking messages from a run of a topic's log.

use std::ops::Range;

use millstream_message::Batch;

use super::MAX_STEP_MESSAGES;
use super::topic::Topic;
use crate::rules::KeyRange;

/// What one lease may still take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) messages: usize,
    pub(super) bytes: u64,
    pub(super) keys: Option<KeyRange>,
}

/// What was taken from a run of the log.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) parts: Vec<Batch>,
    /// Sequence numbers taken, ascending.
    pub(super) ranges: Vec<Range<u64>>,
    /// Sequence numbers looked at but left, ascending: keys of somebody else.
    pub(super) left: Vec<Range<u64>>,
    pub(super) messages: usize,
    bytes: u64,
    /// Whether the budget, rather than the run's end, ended the taking.
    pub(super) cut: bool,
}

impl Taken {
    /// Takes from `run` what `budget` allows.
    pub(super) fn from_run(
        topic: &Topic,
        run: Range<u64>,
        first_entry: usize,
        budget: Budget,
    ) -> Self {
        let mut taken = Self::default();
        let mut looked_at = 0;
        for entry in topic.log.iter().skip(first_entry).take(MAX_STEP_MESSAGES) {
            if entry.base >= run.end || taken.cut || looked_at >= MAX_STEP_MESSAGES {
                break;
            }
            let start = run.start.saturating_sub(entry.base) as usize;
            let end = (run.end - entry.base).min(entry.batch.len() as u64) as usize;
            match budget.keys {
                None => taken.take_prefix(entry.base, &entry.batch, start..end, budget),
                Some(keys) => {
                    let end = end.min(start + (MAX_STEP_MESSAGES - looked_at));
                    looked_at += end - start;
                    taken.take_matching(entry.base, &entry.batch, start..end, budget, keys);
                }
            }
        }
        taken
    }

    /// One past the last sequence number looked at.
    pub(super) fn end(&self) -> Option<u64> {
        let taken = self.ranges.last().map(|range| range.end);
        taken.max(self.left.last().map(|range| range.end))
    }

    fn take_prefix(&mut self, base: u64, batch: &Batch, range: Range<usize>, budget: Budget) {
        let wanted = range.start..range.end.min(range.start + (budget.messages - self.messages));
        let fits = self.fitting(batch, wanted, budget.bytes);
        self.cut = fits.end < range.end || self.messages + fits.len() == budget.messages;
        if !fits.is_empty() {
            self.take(base, batch, fits);
        }
    }

    /// The longest prefix of `wanted` whose bytes fit; at least one message if none was taken yet.
    fn fitting(&self, batch: &Batch, wanted: Range<usize>, bytes_max: u64) -> Range<usize> {
        let fits =
            |end: usize| self.bytes + batch.slice(wanted.start..end).bytes() as u64 <= bytes_max;
        if fits(wanted.end) {
            return wanted;
        }
        let (mut low, mut high) = (wanted.start, wanted.end);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if fits(middle) { low = middle } else { high = middle }
        }
        let at_least = wanted.start + usize::from(self.messages == 0);
        wanted.start..low.max(at_least)
    }

    fn take_matching(
        &mut self,
        base: u64,
        batch: &Batch,
        range: Range<usize>,
        budget: Budget,
        keys: KeyRange,
    ) {
        for i in range {
            let one = i..i + 1;
            if self.cut {
                return;
            }
            if keys.contains(batch.get(i).key_hash()) {
                self.take_prefix(base, batch, one, budget);
            } else {
                push_joined(&mut self.left, base + i as u64..base + i as u64 + 1);
            }
        }
    }

    fn take(&mut self, base: u64, batch: &Batch, range: Range<usize>) {
        let part = batch.slice(range.clone());
        self.messages += part.len();
        self.bytes += part.bytes() as u64;
        self.parts.push(part);
        push_joined(&mut self.ranges, base + range.start as u64..base + range.end as u64);
    }
}

fn push_joined(ranges: &mut Vec<Range<u64>>, range: Range<u64>) {
    match ranges.last_mut().filter(|last| last.end == range.start) {
        Some(last) => last.end = range.end,
        None => ranges.push(range),
    }
}
