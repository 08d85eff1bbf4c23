//! The segments of a folder, in order, and whether they follow each other.

use super::damage::{Damage, LogError};
use super::frame::{HEADER_BYTES, Header, SEAL};
use super::segment::{SegmentHeader, base_of, file_name, is_unfinished, read_full};
use super::segments::SegmentFacts;
use crate::journal::disk::Disk;

/// A segment whose header was read.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) header: SegmentHeader,
    /// Size of the file.
    pub(super) size: u64,
    /// Offset of a copy of the header that is not readable.
    pub(super) flaw: Option<u64>,
}

impl Link {
    /// Reads the header of a segment.
    pub(super) fn read(disk: &dyn Disk, base: u64) -> Result<Self, LogError> {
        let name = file_name(base);
        let reading = || LogError::io(format!("reading {name}"));
        let file = disk.open(&name).map_err(reading())?;
        let size = file.size().map_err(reading())?;
        let (header, flaw) = SegmentHeader::read(&name, base, &*file)?;
        if let Some(offset) = flaw {
            tracing::warn!(
                name,
                offset,
                "a copy of the segment's header is damaged; the other one holds"
            );
        }
        Ok(Self { name, header, size, flaw })
    }

    /// Position of its first byte.
    pub(super) fn base(&self) -> u64 {
        self.header.base
    }

    /// Position behind its file's last byte.
    pub(super) fn end(&self) -> u64 {
        self.base() + self.size
    }

    /// What a sealed segment holds, by its seal.
    pub(super) fn facts(&self, disk: &dyn Disk) -> Result<SegmentFacts, LogError> {
        let reading = || LogError::io(format!("reading {}", self.name));
        let file = disk.open(&self.name).map_err(reading())?;
        let at = self.size.saturating_sub(HEADER_BYTES as u64);
        let mut bytes = [0; HEADER_BYTES];
        let read = read_full(&*file, at, &mut bytes).map_err(reading())?;
        let seal = Header::decode(&bytes[..read], self.header.salt())
            .filter(|seal| seal.length == SEAL && seal.position == self.base() + at)
            .ok_or_else(|| Damage::new(&self.name, at, "the segment's seal is not at its end"))?;
        let records = (seal.sequence + 1).saturating_sub(self.header.first);
        Ok(SegmentFacts { base: self.base(), end: self.end(), records })
    }
}

/// The bases of the segments there are, in order. Files that are not ours are left alone.
pub(super) fn bases(disk: &dyn Disk) -> Result<Vec<u64>, LogError> {
    let names = disk.list().map_err(LogError::io("listing the journal's folder"))?;
    let mut bases: Vec<u64> = names.iter().filter_map(|name| base_of(name)).collect();
    bases.sort_unstable();
    for name in names.iter().filter(|name| is_foreign(name)) {
        tracing::warn!(name, "a file in the journal's folder is not the journal's; it is ignored");
    }
    Ok(bases)
}

/// Removes segments that were being made when the process ended: nothing is in them.
pub(super) fn tidy(disk: &dyn Disk) -> Result<(), LogError> {
    let names = disk.list().map_err(LogError::io("listing the journal's folder"))?;
    for name in names.iter().filter(|name| is_unfinished(name)) {
        disk.remove(name).map_err(LogError::io(format!("removing {name}")))?;
    }
    Ok(())
}

/// Checks that the segments from `from` on are all there and of one log. Those before may have
/// been removed one by one.
pub(super) fn check(disk: &dyn Disk, links: &[Link], from: u64) -> Result<(), LogError> {
    let lost = |base: u64, after: &str| {
        LogError::from(Damage::new(&file_name(base), 0, format!("the segment is missing{after}")))
    };
    if links.iter().all(|link| link.base() != from) {
        return Err(lost(from, ""));
    }
    for pair in links.windows(2) {
        let [one, next] = pair else { continue };
        let end = one.end();
        if next.header.id != one.header.id {
            return Err(
                Damage::new(&next.name, 32, "the segment belongs to another journal").into()
            );
        }
        if one.base() >= from && next.base() > end {
            if one.facts(disk).is_err() {
                return Err(Damage::new(&one.name, one.size, "the segment's end is gone").into());
            }
            return Err(lost(end, &format!(" between {} and {}", one.name, next.name)));
        }
        if next.base() < end {
            let what = "the segment goes on where the next one begins";
            return Err(Damage::new(&one.name, next.base() - one.base(), what).into());
        }
    }
    Ok(())
}

fn is_foreign(name: &str) -> bool {
    let ours = name == "lock" || name.starts_with("segment-") || name.starts_with("checkpoint-");
    !ours || name.starts_with("segment-") && base_of(name).is_none() && !is_unfinished(name)
}
