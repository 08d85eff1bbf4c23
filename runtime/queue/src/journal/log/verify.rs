//! Reads everything, lists every fault and tells whether it opens.

use super::damage::{Cut, Damage, LogError, Sink};
use super::replay;
use super::survey::survey;
use crate::journal::disk::Disk;

/// What a full reading of a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Segments that were read.
    pub segments: u64,
    /// Records whose checksums are right.
    pub records: u64,
    /// Every fault, in the order of the log. A torn tail is none.
    pub faults: Vec<Damage>,
    /// Whether it opens as it is.
    pub opens: bool,
    /// The torn tail that opening would cut off.
    pub cut: Option<Cut>,
    /// Records that a repair left out earlier.
    pub lost: u64,
}

/// Reads all segments; `from` is where an opening would begin to replay (none: at the first), and
/// `each` what it would make of each record. An
/// error only where the disk does not let itself be read, or nothing at all can be made of it.
pub(crate) fn verify(
    disk: &dyn Disk,
    from: Option<u64>,
    each: Sink<'_>,
) -> Result<Report, LogError> {
    let from = from.unwrap_or(0);
    let mut report = examined(disk, from)?;
    if report.segments == 0 && from == 0 {
        report.opens = true;
        return Ok(report);
    }
    match replay::all(disk, from, &|_| Ok(()), each) {
        Ok(replayed) => {
            report.opens = true;
            report.cut = replayed.ending.cut;
            let torn = report.cut.as_ref().map(|cut| (cut.file.as_str(), cut.offset));
            report.faults.retain(|fault| torn != Some((fault.file.as_str(), fault.offset)));
        }
        Err(LogError::Damaged(damage)) => add(&mut report.faults, damage),
        Err(other) => return Err(other),
    }
    Ok(report)
}

fn examined(disk: &dyn Disk, from: u64) -> Result<Report, LogError> {
    let mut report = Report::default();
    let all = match survey(disk, from) {
        Err(LogError::Damaged(damage)) => {
            return Ok(Report { segments: 1, faults: vec![damage], ..report });
        }
        all => all?,
    };
    for one in all {
        report.segments += u64::from(!one.missing);
        report.records += one.examined.records;
        report.lost += one.examined.lost;
        let contents = one.examined.damages().filter(|_| !one.missing);
        report.faults.extend(one.header.clone().into_iter().chain(contents));
    }
    Ok(report)
}

/// Adds what stopped the replay, unless it was found already.
fn add(faults: &mut Vec<Damage>, damage: Damage) {
    let known = |fault: &Damage| fault.file == damage.file && fault.offset == damage.offset;
    if !faults.iter().any(known) {
        faults.push(damage);
    }
}
