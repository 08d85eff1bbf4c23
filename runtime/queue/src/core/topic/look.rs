//! What is where in the log, and what it looks like.

use millstream_message::Batch;

use super::Topic;
use crate::core::entry::Entry;
use crate::core::store::Seen;

impl Topic {
    /// Place in `log` of the entry that holds `sequence`.
    pub(in crate::core) fn entry_of(&self, sequence: u64) -> usize {
        self.log.partition_point(|entry| entry.end() <= sequence)
    }

    /// The sealed entry that holds `sequence` and the place in it.
    pub(in crate::core) fn find(&self, sequence: u64) -> Option<(&Entry, usize)> {
        let entry = self.log.get(self.entry_of(sequence))?;
        Some((entry, sequence.checked_sub(entry.base)? as usize))
    }

    /// Message `sequence` as a batch of one that shares the entry's columns.
    pub(in crate::core) fn one(&self, sequence: u64) -> Option<Batch> {
        let (entry, i) = self.find(sequence)?;
        entry.batch().map(|batch| batch.slice(i..i + 1))
    }

    /// The messages from `from` on that are there, at most `limit`; the end of the log only once it
    /// is sealed.
    pub(in crate::core) fn browse(&self, from: u64, limit: usize) -> Vec<Seen> {
        let mut left = limit;
        let mut parts = Vec::new();
        for entry in self.log.iter().skip(self.entry_of(from)) {
            let mut rest = from.saturating_sub(entry.base) as usize..entry.len();
            while !rest.is_empty() && left > 0 {
                let run = entry.next_run(rest.clone());
                let run = run.start..run.end.min(run.start + left);
                left -= run.len();
                rest.start = run.end;
                if run.is_empty() {
                    continue;
                }
                let first = entry.base + run.start as u64;
                match entry.batch() {
                    Some(batch) => parts.push(Seen::Batch(first, batch.slice(run))),
                    None if entry.is_stored() => {
                        parts.push(Seen::Stored(first, entry.stored_run(run)));
                    }
                    None => {}
                }
            }
        }
        parts
    }
}
