//! Which segments there are, and their open files.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::segment::file_name;
use crate::journal::disk::{Disk, DiskFile};

/// Sealed segments whose files stay open for reading; a backlog may have thousands of them and a
/// process only so many files.
const OPEN_FILES_MAX: usize = 64;

/// A sealed segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFacts {
    /// Position of its first byte.
    pub(crate) base: u64,
    /// Position behind its last byte.
    pub(crate) end: u64,
    /// Records in it.
    pub(crate) records: u64,
}

/// The segments of an open log.
pub(super) struct Segments {
    disk: Arc<dyn Disk>,
    /// What the checksums of its headers begin with.
    pub(super) salt: u32,
    known: Mutex<Known>,
}

struct Known {
    sealed: BTreeMap<u64, SegmentFacts>,
    active: (u64, Arc<dyn DiskFile>),
    /// Files of sealed segments, the one used last in front.
    open: VecDeque<(u64, Arc<dyn DiskFile>)>,
}

impl Segments {
    /// The sealed ones, and the one that is written with its base.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        salt: u32,
        sealed: Vec<SegmentFacts>,
        active: (u64, Arc<dyn DiskFile>),
    ) -> Self {
        let sealed = sealed.into_iter().map(|facts| (facts.base, facts)).collect();
        Self { disk, salt, known: Mutex::new(Known { sealed, active, open: VecDeque::new() }) }
    }

    /// The sealed segments, oldest first.
    pub(super) fn sealed(&self) -> Vec<SegmentFacts> {
        self.lock().sealed.values().copied().collect()
    }

    /// Bytes of all segments if the log ends at `position`.
    pub(super) fn bytes(&self, position: u64) -> u64 {
        let known = self.lock();
        let sealed: u64 = known.sealed.values().map(|one| one.end - one.base).sum();
        sealed + position.saturating_sub(known.active.0)
    }

    /// The base of the segment that is written.
    pub(super) fn active_base(&self) -> u64 {
        self.lock().active.0
    }

    /// The segment that was written is sealed, another follows.
    pub(super) fn roll(&self, sealed: SegmentFacts, active: (u64, Arc<dyn DiskFile>)) {
        let mut known = self.lock();
        known.sealed.insert(sealed.base, sealed);
        known.active = active;
    }

    /// The file that holds `position`, with its base; none where no segment does.
    pub(super) fn holding(&self, position: u64) -> io::Result<Option<(u64, Arc<dyn DiskFile>)>> {
        let mut known = self.lock();
        if position >= known.active.0 {
            return Ok(Some(known.active.clone()));
        }
        let Some((&base, facts)) = known.sealed.range(..=position).next_back() else {
            return Ok(None);
        };
        if position >= facts.end {
            return Ok(None);
        }
        known.open(base, &*self.disk).map(|file| Some((base, file)))
    }

    /// Removes a sealed segment, durably.
    pub(super) fn remove(&self, base: u64) -> io::Result<()> {
        {
            let mut known = self.lock();
            if known.sealed.remove(&base).is_none() {
                return Err(io::ErrorKind::NotFound.into());
            }
            known.open.retain(|(open, _)| *open != base);
        }
        self.disk.remove(&file_name(base))?;
        self.disk.sync()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn open(&mut self, base: u64, disk: &dyn Disk) -> io::Result<Arc<dyn DiskFile>> {
        let at = self.open.iter().position(|(open, _)| *open == base);
        let entry = match at.and_then(|at| self.open.remove(at)) {
            Some(entry) => entry,
            None => (base, Arc::from(disk.open(&file_name(base))?)),
        };
        let file = entry.1.clone();
        self.open.push_front(entry);
        self.open.truncate(OPEN_FILES_MAX);
        Ok(file)
    }
}
