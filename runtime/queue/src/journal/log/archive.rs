//! Reads single records by the files alone: while a log is being opened, or beside one that is open.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chain;
use super::damage::Damage;
use super::frame::Record;
use super::read::read_at;
use super::segment::{SegmentHeader, file_name};
use crate::journal::disk::{Disk, DiskFile};

/// Files that stay open for the next record.
const OPEN_FILES_MAX: usize = 16;

/// The records of a folder.
pub(crate) struct Archive<'a> {
    disk: &'a dyn Disk,
    bases: Vec<u64>,
    /// The file used last in front.
    open: VecDeque<(u64, Arc<dyn DiskFile>, u32)>,
}

impl<'a> Archive<'a> {
    /// Whatever segments the folder holds.
    pub(crate) fn new(disk: &'a dyn Disk) -> Self {
        Self { disk, bases: Vec::new(), open: VecDeque::new() }
    }

    /// The record at `position`; both checksums are verified.
    pub(crate) fn read(&mut self, position: u64) -> Result<Record, Damage> {
        let nowhere = |what: String| Damage::new("segments", position, what);
        let base = self.base_of(position).map_err(|error| nowhere(error.to_string()))?;
        let base = base.ok_or_else(|| nowhere("no segment holds this position".to_owned()))?;
        let (file, salt) = self.file(base)?;
        read_at(file, file_name(base), position - base, salt, position)
    }

    /// The file and the offset in it of a position.
    pub(crate) fn place(&mut self, position: u64) -> (String, u64) {
        match self.base_of(position) {
            Ok(Some(base)) => (file_name(base), position - base),
            _ => ("segments".to_owned(), position),
        }
    }

    fn base_of(&mut self, position: u64) -> Result<Option<u64>, super::LogError> {
        let before = |bases: &[u64]| bases.iter().rev().copied().find(|base| *base <= position);
        if self.bases.last().is_none_or(|last| *last <= position) {
            self.bases = chain::bases(self.disk)?;
            self.bases.sort_unstable();
        }
        Ok(before(&self.bases))
    }

    fn file(&mut self, base: u64) -> Result<(Arc<dyn DiskFile>, u32), Damage> {
        let at = self.open.iter().position(|(open, ..)| *open == base);
        let entry = match at.and_then(|at| self.open.remove(at)) {
            Some(entry) => entry,
            None => {
                let name = file_name(base);
                let failed = |what: String| Damage::new(&name, 0, what);
                let file = self.disk.open(&name).map_err(|error| failed(error.to_string()))?;
                let (header, _) = SegmentHeader::read(&name, base, &*file)
                    .map_err(|error| failed(error.to_string()))?;
                (base, Arc::from(file), header.salt())
            }
        };
        let found = (entry.1.clone(), entry.2);
        self.open.push_front(entry);
        self.open.truncate(OPEN_FILES_MAX);
        Ok(found)
    }
}
