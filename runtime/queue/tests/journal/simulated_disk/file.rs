//! One file: what reads see, what is on the disk for sure, and the changes between.

use std::ops::Range;
use std::sync::Arc;

#[derive(Clone, Default)]
pub(super) struct File {
    pub(super) live: Vec<u8>,
    pub(super) stored: Stored,
    pub(super) sync_failed: bool,
    /// After it failed: nobody may rely on what that says.
    pub(super) synced_again: bool,
}

/// What a loss of power does not take away, and what it may.
#[derive(Clone, Default)]
pub(super) struct Stored {
    /// Shared with every crash that was taken since the last sync.
    pub(super) durable: Arc<Vec<u8>>,
    pub(super) unsynced: Vec<Change>,
}

/// A change of a file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// These bytes at this offset.
    Write(u64, Arc<[u8]>),
    /// At least this long, zeros where it is new.
    Grow(u64),
    /// At most this long.
    Cut(u64),
}

impl File {
    /// A file that is all synced.
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        let stored = Stored { durable: Arc::new(bytes.clone()), unsynced: Vec::new() };
        Self { live: bytes, stored, ..Self::default() }
    }

    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.stored.unsynced.push(change);
    }
}

impl Stored {
    /// Not what reads see: what a failed sync lost stays lost.
    pub(super) fn sync(&mut self) {
        let durable = Arc::make_mut(&mut self.durable);
        self.unsynced.drain(..).for_each(|change| change.apply(durable));
    }

    /// A sync failed: changes that do not survive will never be tried again.
    pub(super) fn lose(&mut self, mut survives: impl FnMut() -> bool) {
        self.unsynced.retain(|_| survives());
        self.sync();
    }
}

impl Change {
    pub(super) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(_, written) => self.apply_part(0..written.len(), bytes),
            Self::Grow(size) => bytes.resize(bytes.len().max(*size as usize), 0),
            Self::Cut(size) => bytes.truncate(*size as usize),
        }
    }

    /// Only these of the bytes written; nothing of another change.
    pub(super) fn apply_part(&self, part: Range<usize>, bytes: &mut Vec<u8>) {
        let Self::Write(offset, written) = self else { return };
        let (from, to) = (*offset as usize + part.start, *offset as usize + part.end);
        bytes.resize(bytes.len().max(to), 0);
        bytes[from..to].copy_from_slice(&written[part]);
    }
}
