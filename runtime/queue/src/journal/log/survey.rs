//! Examines all segments of a folder, those with unreadable headers too.

use super::chain::{self, Link};
use super::damage::{Damage, LogError};
use super::examine::{Examined, Fault, examine};
use super::frame::SEAL;
use super::scan::Scan;
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, file_name};
use crate::journal::disk::Disk;

/// A segment, or the place of one.
pub(super) struct Surveyed {
    pub(super) examined: Examined,
    /// What is wrong with its header, or with there being none.
    pub(super) header: Option<Damage>,
    /// There is no such file.
    pub(super) missing: bool,
}

/// Longest stretch of missing segments for which a repair makes a substitute, in bytes: it takes
/// as much room on the disk.
const MISSING_BYTES_MAX: u64 = 1 << 30;

/// Examines all segments. Where none stands between two from position `from` on, a substitute is
/// told of.
pub(super) fn survey(disk: &dyn Disk, from: u64) -> Result<Vec<Surveyed>, LogError> {
    let bases = chain::bases(disk)?;
    let heads = bases.iter().map(|base| head(disk, *base)).collect::<Result<Vec<_>, _>>()?;
    let donor = heads.iter().find_map(|head| head.as_ref().ok()).map(|link| link.header);
    let mut all: Vec<Surveyed> = Vec::with_capacity(heads.len());
    for (index, (head, base)) in heads.into_iter().zip(&bases).enumerate() {
        let (link, fault) = match (head, donor) {
            (Ok(link), _) => {
                let flaw = link.flaw.map(|at| Damage::new(&link.name, at, COPY));
                (link, flaw)
            }
            (Err(fault), Some(donor)) => (substitute(disk, *base, donor, all.last())?, Some(fault)),
            (Err(fault), None) => return Err(fault.into()),
        };
        if let Some(missing) = missing(&link, all.last(), from)? {
            all.push(missing);
        }
        let examined = examine(disk, link, index + 1 == bases.len())?;
        all.push(Surveyed { examined, header: fault, missing: false });
    }
    Ok(all)
}

const COPY: &str = "a copy of the segment's header is not readable; the other one holds";

/// A segment with its header, or what is wrong with the header.
fn head(disk: &dyn Disk, base: u64) -> Result<Result<Link, Damage>, LogError> {
    match Link::read(disk, base) {
        Ok(link) => Ok(Ok(link)),
        Err(LogError::Damaged(damage)) => Ok(Err(damage)),
        Err(other) => Err(other),
    }
}

/// A header for a segment whose own is lost: as far as name, neighbours and file tell.
fn substitute(
    disk: &dyn Disk,
    base: u64,
    donor: SegmentHeader,
    before: Option<&Surveyed>,
) -> Result<Link, LogError> {
    let name = file_name(base);
    let reading = || LogError::io(format!("reading {name}"));
    let file = disk.open(&name).map_err(reading())?;
    let size = file.size().map_err(reading())?;
    let first = before.map_or(1, |before| before.examined.next);
    let mut header =
        SegmentHeader { base, first, size: donor.size.max(size).next_multiple_of(8), ..donor };
    let mut scan = Scan::new(&*file, &header).map_err(reading())?;
    let begin = scan.find(SEGMENT_HEADER_BYTES).map_err(reading())?;
    if let Some((SEGMENT_HEADER_BYTES, record)) = begin.filter(|(_, it)| it.length != SEAL) {
        header.first = record.sequence;
    }
    Ok(Link { name, header, size, flaw: None })
}

/// What is missing before a segment.
fn missing(
    link: &Link,
    before: Option<&Surveyed>,
    from: u64,
) -> Result<Option<Surveyed>, LogError> {
    let last = before.map(|before| &before.examined);
    let (base, first) = match last {
        // Without its seal, it is this segment that lost what is not there.
        Some(last) if last.link.base() >= from && last.sealed != Some(last.link.size) => {
            return Ok(None);
        }
        Some(last) if last.link.base() >= from => (last.link.end(), last.next),
        _ => (from, last.map_or(1, |last| last.next)),
    };
    if link.base() <= base || link.base() <= from {
        return Ok(None);
    }
    let size = link.base() - base;
    let header = SegmentHeader { base, first, size, ..link.header };
    let (name, what) = (file_name(base), "the segment is missing");
    if size > MISSING_BYTES_MAX {
        return Err(Damage::new(&name, 0, format!("{size} bytes of the log are missing")).into());
    }
    let damage = Damage::new(&name, 0, what);
    let (from, what) = (SEGMENT_HEADER_BYTES, what.to_owned());
    let fault = Fault { from, to: None, first, next: None, what };
    let link = Link { name, header, size, flaw: None };
    let next = first;
    let (good, faults) = (Vec::new(), vec![fault]);
    let examined = Examined { link, records: 0, lost: 0, good, faults, sealed: None, next };
    Ok(Some(Surveyed { examined, header: Some(damage), missing: true }))
}
