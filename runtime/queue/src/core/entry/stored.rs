//! An entry whose messages only the journal has.

use std::ops::Range;

use millstream_message::{Batch, MessageId};

use super::{Content, Entry};
use crate::stored::Stored;

/// Messages that only a journal has.
impl Entry {
    pub(in crate::core) fn is_stored(&self) -> bool {
        matches!(self.content, Content::Stored(_))
    }

    /// Whether a message was published at or after this time, and is still there.
    pub(in crate::core) fn holds_newer(&self, wall_ms: u64) -> bool {
        !self.is_released() && self.newest_ms >= wall_ms
    }

    /// The id of message `i`, where it is at hand.
    pub(in crate::core) fn id(&self, i: usize) -> Option<MessageId> {
        match &self.content {
            Content::Stored(ids) => ids.get(i).copied(),
            _ => self.message(i).map(|message| message.id()),
        }
    }

    /// Leaves the messages to the journal if all are there below log position `below`; with
    /// `ids`, their ids stay.
    pub(in crate::core) fn evict(&mut self, below: u64, ids: bool) -> Option<Batch> {
        let Content::Sealed(batch) = &self.content else { return None };
        let written = self.stored.last().is_some_and(|last| last.position < below);
        if self.stored.messages() != self.len || !written {
            return None;
        }
        self.stored.shrink();
        let ids = if ids { batch.ids().to_vec() } else { Vec::new() };
        self.hashes = Vec::new();
        match std::mem::replace(&mut self.content, Content::Stored(ids)) {
            Content::Sealed(batch) => Some(batch),
            _ => None,
        }
    }

    /// Takes messages back from the journal. True when they were wanted.
    pub(in crate::core) fn restore(&mut self, batch: Batch) -> bool {
        let wanted = self.is_stored() && batch.len() == self.len();
        if wanted {
            self.content = Content::Sealed(batch);
        }
        wanted
    }

    /// Where the journal keeps messages `range`.
    pub(in crate::core) fn stored_run(&self, range: Range<usize>) -> Vec<Stored> {
        let mut runs = Vec::new();
        let mut start = 0;
        for run in self.stored.iter() {
            let end = start + run.len as usize;
            let part = range.start.max(start)..range.end.min(end);
            if !part.is_empty() {
                runs.push(run.slice(part.start - start..part.end - start));
            }
            start = end;
        }
        runs
    }
}
