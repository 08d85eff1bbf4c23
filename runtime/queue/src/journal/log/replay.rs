//! Hands on the records of segments and judges where they end.

use std::sync::Arc;

use super::chain::{self, Link};
use super::damage::{Cut, Damage, LogError, Sink};
use super::frame::Stamp;
use super::scan::{Found, Scan};
use super::segment::file_name;
use super::segments::SegmentFacts;
use crate::journal::disk::{Disk, DiskFile};

/// What was read so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Records that were handed on.
    pub(super) records: u64,
    /// Records that a repair left out.
    pub(super) lost: u64,
    /// Stamp of the last record.
    pub(super) last: Option<Stamp>,
    /// Sequence of the record that comes next.
    pub(super) next: u64,
}

/// How the last segment ends.
pub(super) struct Ending {
    /// Offset behind its last record, or its seal.
    pub(super) offset: u64,
    /// A seal stands there: another segment was about to begin.
    pub(super) sealed: bool,
    /// What is to be cut off there.
    pub(super) cut: Option<Cut>,
}

/// A log that was read to its end.
pub(super) struct Replayed {
    /// The segments that others follow.
    pub(super) sealed: Vec<SegmentFacts>,
    /// The last one.
    pub(super) newest: Link,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) ending: Ending,
    pub(super) tally: Tally,
}

/// Reads all segments from `from` on. Of those before, the header and the seal are looked at.
/// `accept` may refuse the segments that are to be read.
pub(super) fn all(
    disk: &dyn Disk,
    from: u64,
    accept: &dyn Fn(&Link) -> Result<(), LogError>,
    each: Sink<'_>,
) -> Result<Replayed, LogError> {
    let bases = chain::bases(disk)?;
    let links = bases.iter().map(|base| Link::read(disk, *base)).collect::<Result<Vec<_>, _>>()?;
    chain::check(disk, &links, from)?;
    let Some((newest, earlier)) = links.split_last() else {
        return Err(Damage::new(&file_name(from), 0, "the segment is missing").into());
    };
    links.iter().filter(|link| link.base() >= from).try_for_each(accept)?;
    let mut tally = Tally::default();
    let mut facts = Vec::with_capacity(earlier.len());
    for (link, next) in earlier.iter().zip(&links[1..]) {
        if link.base() >= from {
            sealed(disk, link, next.base(), &mut tally, each)?;
        }
        facts.push(link.facts(disk)?);
    }
    let file: Arc<dyn DiskFile> = Arc::from(open(disk, newest)?);
    let ending = last(&*file, newest, &mut tally, each)?;
    Ok(Replayed { sealed: facts, newest: newest.clone(), file, ending, tally })
}

/// Reads a segment that another follows, at position `end`: it is whole, or damaged.
pub(super) fn sealed(
    disk: &dyn Disk,
    link: &Link,
    end: u64,
    tally: &mut Tally,
    each: Sink<'_>,
) -> Result<(), LogError> {
    let file = open(disk, link)?;
    let mut scan = Scan::new(&*file, &link.header).map_err(reading(link))?;
    let what = match run(&mut scan, link, tally, each)? {
        Found::Seal(offset) if link.base() + offset == end && offset == scan.size => return Ok(()),
        Found::Seal(_) => "the segment does not end where the next one begins".to_owned(),
        Found::Bad(what) => what,
        _ => "the segment ends without a seal".to_owned(),
    };
    Err(Damage::new(&link.name, scan.offset, what).into())
}

/// Reads the segment that none follows: it may have a torn tail.
pub(super) fn last(
    file: &dyn DiskFile,
    link: &Link,
    tally: &mut Tally,
    each: Sink<'_>,
) -> Result<Ending, LogError> {
    let mut scan = Scan::new(file, &link.header).map_err(reading(link))?;
    let found = run(&mut scan, link, tally, each)?;
    judge(&mut scan, link, found)
}

/// Whole, torn (cut it) or damaged (refuse it)?
pub(super) fn judge(scan: &mut Scan<'_>, link: &Link, found: Found) -> Result<Ending, LogError> {
    if let Found::Seal(offset) = found {
        return Ok(Ending { offset, sealed: true, cut: None });
    }
    let rest = scan.rest().map_err(reading(link))?;
    if scan.size < link.header.size && !rest.sealed {
        let what = format!("the segment was made {} bytes long", link.header.size);
        return Err(Damage::new(&link.name, scan.size, what).into());
    }
    let (offset, last) = (scan.offset, scan.next - 1);
    let synced = scan.synced.max(rest.synced);
    if synced > last {
        let what = match found {
            Found::Bad(what) => what,
            _ => "zeros in place of a record".to_owned(),
        };
        let what = format!("{what}; records up to {synced} were synced, up to {last} are there");
        return Err(Damage::new(&link.name, offset, what).into());
    }
    let cut = (rest.bytes > 0).then(|| Cut {
        file: link.name.clone(),
        offset,
        bytes: rest.bytes,
        last_sequence: last,
    });
    Ok(Ending { offset, sealed: false, cut })
}

/// Hands on records until something else stands there.
fn run(
    scan: &mut Scan<'_>,
    link: &Link,
    tally: &mut Tally,
    each: Sink<'_>,
) -> Result<Found, LogError> {
    if tally.next != 0 && tally.next != link.header.first {
        let what = format!("the segment begins with record {}, not {}", scan.next, tally.next);
        return Err(Damage::new(&link.name, 24, what).into());
    }
    tally.next = scan.next;
    loop {
        match scan.step().map_err(reading(link))? {
            Found::Record(record) => {
                tally.records += 1;
                tally.last = Some(record.stamp);
                each(record)?;
            }
            Found::Gap(lost) => tally.lost += lost,
            other => return Ok(other),
        }
        tally.next = scan.next;
    }
}

fn open(disk: &dyn Disk, link: &Link) -> Result<Box<dyn DiskFile>, LogError> {
    disk.open(&link.name).map_err(reading(link))
}

fn reading(link: &Link) -> impl FnOnce(std::io::Error) -> LogError {
    LogError::io(format!("reading {}", link.name))
}
