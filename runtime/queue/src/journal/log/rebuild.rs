//! Writes a segment anew: what can be read of it at its old place, gaps where nothing can.

use std::io;
use std::ops::Range;

use super::cut::keep;
use super::damage::{Damage, LogError};
use super::examine::{Examined, Fault};
use super::frame::{HEADER_BYTES, Header};
use super::repair::LeftOut;
use super::segment::{SegmentHeader, read_full, unfinished_name, write_full};
use crate::journal::disk::{Disk, DiskFile};

/// Bytes copied at once.
const STEP_BYTES: u64 = 1 << 20;

/// What a rebuilt segment is to be.
pub(super) struct Plan<'a> {
    pub(super) examined: &'a Examined,
    /// Offset of its seal; none for the segment that is written on.
    seal_at: Option<u64>,
    /// Sequence of the record behind it.
    next: u64,
    /// There is no file to copy from.
    missing: bool,
}

impl<'a> Plan<'a> {
    /// For a segment that ends where `following` (base, first sequence) begins; none when it is
    /// the newest, or nothing adjoins it.
    pub(super) fn new(
        examined: &'a Examined,
        following: Option<(u64, u64)>,
        newest: bool,
        missing: bool,
    ) -> Self {
        let seal = HEADER_BYTES as u64;
        let own = examined.sealed.or((!newest).then_some(examined.link.size & !7));
        let end = following.map(|(base, _)| base - examined.link.base()).or(own);
        let seal_at = end.map(|end| end.saturating_sub(seal));
        let next = following.map_or(examined.next, |(_, first)| first);
        Self { examined, seal_at, next, missing }
    }

    /// Puts the old file into the quarantine and the rebuilt one in its place, durably, with no
    /// moment at which neither is there. Tells the name of the quarantined copy, and what is lost.
    pub(super) fn run(&self, disk: &dyn Disk) -> Result<(Option<String>, Vec<LeftOut>), LogError> {
        let name = &self.examined.link.name;
        let failed = || LogError::io(format!("rebuilding {name}"));
        let (gaps, left_out) = self.gaps()?;
        let unfinished = unfinished_name(self.examined.link.base());
        let rebuilt = disk.create(&unfinished).map_err(failed())?;
        let copy = if self.missing {
            self.write(&*rebuilt, None, &gaps).map_err(failed())?;
            None
        } else {
            let old = disk.open(name).map_err(failed())?;
            self.write(&*rebuilt, Some(&*old), &gaps).map_err(failed())?;
            let copy = format!("damaged-{name}");
            keep(disk, &*old, &copy, 0, self.examined.link.size).map_err(failed())?;
            Some(copy)
        };
        disk.rename(&unfinished, name).map_err(failed())?;
        disk.sync().map_err(failed())?;
        Ok((copy, left_out))
    }

    /// The gaps that stand in place of the faults.
    fn gaps(&self) -> Result<(Vec<Header>, Vec<LeftOut>), LogError> {
        let (mut gaps, mut left_out) = (Vec::new(), Vec::new());
        for fault in &self.examined.faults {
            let to = fault.to.or(self.seal_at);
            let next = fault.next.unwrap_or(self.next);
            if to != Some(fault.from) {
                left_out.push(self.left_out(fault, to, next));
            }
            let Some(to) = to.filter(|to| *to > fault.from) else { continue };
            if to - fault.from < HEADER_BYTES as u64 || next < fault.first {
                let what = format!("{}; this cannot be repaired", fault.what);
                return Err(Damage::new(&self.examined.link.name, fault.from, what).into());
            }
            let base = self.examined.link.base();
            gaps.push(Header::gap(base + fault.from, base + to, fault.first, next - 1));
        }
        Ok((gaps, left_out))
    }

    fn left_out(&self, fault: &Fault, to: Option<u64>, next: u64) -> LeftOut {
        let to = to.unwrap_or(self.examined.link.size);
        LeftOut {
            file: self.examined.link.name.clone(),
            offset: fault.from,
            bytes: to.saturating_sub(fault.from),
            sequences: (next > fault.first).then(|| (fault.first, next - 1)),
            what: fault.what.clone(),
        }
    }

    fn write(
        &self,
        to: &dyn DiskFile,
        old: Option<&dyn DiskFile>,
        gaps: &[Header],
    ) -> io::Result<()> {
        let header = self.examined.link.header;
        let salt = header.salt();
        let used = self.examined.good.last().map_or(0, |run| run.end);
        let size = match self.seal_at {
            Some(at) => at + HEADER_BYTES as u64,
            None => header.size.max(used),
        };
        to.allocate(size)?;
        write_full(to, 0, &SegmentHeader { size, ..header }.encode())?;
        for run in &self.examined.good {
            copy(old, to, run.clone())?;
        }
        for gap in gaps {
            write_full(to, gap.position - header.base, &gap.encode(salt))?;
        }
        if let Some(at) = self.seal_at {
            let seal = Header::seal(header.base + at, self.next - 1, 0);
            write_full(to, at, &seal.encode(salt))?;
        }
        to.sync()
    }
}

fn copy(from: Option<&dyn DiskFile>, to: &dyn DiskFile, run: Range<u64>) -> io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut step = vec![0; STEP_BYTES.min(run.end - run.start) as usize];
    let mut at = run.start;
    while at < run.end {
        let wanted = ((run.end - at) as usize).min(step.len());
        let read = read_full(from, at, &mut step[..wanted])?;
        if read == 0 {
            // Only the zeros behind a record's body can be missing from what is readable.
            break;
        }
        write_full(to, at, &step[..read])?;
        at += read as u64;
    }
    Ok(())
}
