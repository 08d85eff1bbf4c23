//! Reads a segment to its end whatever is in it, and notes every fault.

use std::ops::Range;

use super::chain::Link;
use super::damage::{Damage, LogError};
use super::scan::{Found, Scan};
use crate::journal::disk::Disk;

/// A segment that was read to its end.
pub(super) struct Examined {
    pub(super) link: Link,
    /// Records whose checksums are right.
    pub(super) records: u64,
    /// Records that a repair left out earlier.
    pub(super) lost: u64,
    /// Offsets of what can be read.
    pub(super) good: Vec<Range<u64>>,
    /// What cannot, in order.
    pub(super) faults: Vec<Fault>,
    /// The offset behind its seal.
    pub(super) sealed: Option<u64>,
    /// Sequence of the record behind it.
    pub(super) next: u64,
}

/// A stretch that cannot be read.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) from: u64,
    /// Where something readable follows; none where nothing does.
    pub(super) to: Option<u64>,
    /// Sequence of the first record that should be here.
    pub(super) first: u64,
    /// Sequence that follows, where something does.
    pub(super) next: Option<u64>,
    pub(super) what: String,
}

impl Examined {
    /// The faults as told to people.
    pub(super) fn damages(&self) -> impl Iterator<Item = Damage> {
        let name = &self.link.name;
        self.faults.iter().map(move |fault| Damage::new(name, fault.from, fault.what.as_str()))
    }

    fn readable(&mut self, run: Range<u64>) {
        match self.good.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ => self.good.push(run),
        }
    }
}

/// Reads a segment. `newest`: none follows, so it may end in zeros.
pub(super) fn examine(disk: &dyn Disk, link: Link, newest: bool) -> Result<Examined, LogError> {
    let name = link.name.clone();
    let reading = || LogError::io(format!("reading {name}"));
    let file = disk.open(&name).map_err(reading())?;
    let mut scan = Scan::new(&*file, &link.header).map_err(reading())?;
    let next = link.header.first;
    let (good, faults) = (Vec::new(), Vec::new());
    let mut found = Examined { link, records: 0, lost: 0, good, faults, sealed: None, next };
    while !step(&mut scan, &mut found, newest).map_err(reading())? {}
    found.next = scan.next;
    Ok(found)
}

/// Goes one record or one fault on; tells whether that was the end.
fn step(scan: &mut Scan<'_>, found: &mut Examined, newest: bool) -> std::io::Result<bool> {
    let (from, first) = (scan.offset, scan.next);
    let (what, zeros) = match scan.step()? {
        Found::Record(_) => {
            found.records += 1;
            found.readable(from..scan.offset);
            return Ok(false);
        }
        Found::Gap(lost) => {
            found.lost += lost;
            found.readable(from..scan.offset);
            return Ok(false);
        }
        Found::Seal(end) => {
            found.sealed = Some(end);
            return Ok(true);
        }
        Found::End => ("zeros in place of a record".to_owned(), true),
        Found::Bad(what) => (what, false),
    };
    let follows = scan.find(from + 8)?;
    let harmless = newest && zeros && follows.is_none() && scan.rest()?.bytes == 0;
    if !harmless {
        let to = follows.map(|(at, _)| at);
        let next = follows.map(|(at, header)| scan.resume(at, &header));
        found.faults.push(Fault { from, to, first, next, what });
    }
    Ok(follows.is_none())
}
