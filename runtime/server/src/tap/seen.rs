//! Which sequence numbers were shown.

use std::iter;
use std::ops::Range;

/// Runs between gaps that are remembered; beyond, the oldest is forgotten. A run can only come
/// twice within moments.
const RUNS_MAX: usize = 64;

/// Ranges that were shown, in order and apart from one another.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<Range<u64>>);

impl Seen {
    /// Adds `range`; answers the parts of it that are new, in order.
    pub(super) fn add(&mut self, range: Range<u64>) -> Vec<Range<u64>> {
        let new = self.new_in(&range);
        self.join(range);
        if self.0.len() > RUNS_MAX {
            self.0.remove(0);
        }
        new
    }

    fn new_in(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut new = Vec::new();
        let mut start = range.start;
        for seen in self.0.iter().filter(|seen| seen.end > range.start && seen.start < range.end) {
            if start < seen.start {
                new.push(start..seen.start);
            }
            start = seen.end;
        }
        if start < range.end {
            new.push(start..range.end);
        }
        new
    }

    /// Becomes one with what it touches.
    fn join(&mut self, range: Range<u64>) {
        let first = self.0.partition_point(|seen| seen.end < range.start);
        let last = self.0.partition_point(|seen| seen.start <= range.end);
        let touched = &self.0[first..last];
        let start = touched.first().map_or(range.start, |seen| seen.start.min(range.start));
        let end = touched.last().map_or(range.end, |seen| seen.end.max(range.end));
        self.0.splice(first..last, iter::once(start..end));
    }
}

#[cfg(test)]
mod tests;
