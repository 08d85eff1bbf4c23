//! Describes a log without replaying it.

use super::chain::{self, Link};
use super::damage::LogError;
use super::replay::{self, Tally};
use crate::journal::disk::Disk;

/// What a log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its segments, oldest first; the last is the one that is written.
    pub segments: Vec<SegmentLine>,
    /// Records in all of them.
    pub records: u64,
    /// Sequence of the next record.
    pub next_sequence: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Bytes that are free on the disk.
    pub free_bytes: u64,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentLine {
    /// Name of its file.
    pub file: String,
    /// Position of its first byte in the log.
    pub base: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// Sequence of its first record.
    pub first_sequence: u64,
    /// Whether it is complete.
    pub sealed: bool,
    /// Version of the delivery rules it was written under.
    pub rules: u32,
}

/// Describes the log in a folder. Sealed segments are taken at their seal's word; the last one is
/// read. An error where something is damaged: `verify` then tells all of it.
pub(crate) fn stats(disk: &dyn Disk) -> Result<Facts, LogError> {
    let free_bytes = disk.free_bytes().map_err(LogError::io("looking at the free space"))?;
    let mut facts =
        Facts { segments: Vec::new(), records: 0, next_sequence: 1, bytes: 0, free_bytes };
    let bases = chain::bases(disk)?;
    for (index, base) in bases.iter().enumerate() {
        let line = describe(disk, *base, index + 1 == bases.len())?;
        facts.records += line.records;
        facts.bytes += line.bytes;
        facts.next_sequence = line.first_sequence + line.records;
        facts.segments.push(line);
    }
    Ok(facts)
}

fn describe(disk: &dyn Disk, base: u64, newest: bool) -> Result<SegmentLine, LogError> {
    let link = Link::read(disk, base)?;
    let (records, sealed) =
        if newest { count(disk, &link)? } else { (link.facts(disk)?.records, true) };
    Ok(SegmentLine {
        file: link.name,
        base,
        bytes: link.size,
        records,
        first_sequence: link.header.first,
        sealed,
        rules: link.header.rules,
    })
}

fn count(disk: &dyn Disk, link: &Link) -> Result<(u64, bool), LogError> {
    let file = disk.open(&link.name).map_err(LogError::io(format!("reading {}", link.name)))?;
    let mut tally = Tally::default();
    let ending = replay::last(&*file, link, &mut tally, &mut |_| Ok(()))?;
    Ok((tally.next - link.header.first, ending.sealed))
}
