//! Puts damaged segments away and goes on with what can be read of them. Nothing is deleted.

use super::chain;
use super::damage::LogError;
use super::rebuild::Plan;
use super::replay;
use super::survey::{Surveyed, survey};
use crate::journal::disk::Disk;

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Files that were put into the quarantine folder.
    pub quarantined: Vec<String>,
    /// What the journal no longer holds.
    pub left_out: Vec<LeftOut>,
    /// Messages that other records name and that are gone with what was left out: those stored there,
    /// and those published to topics whose declaration was there. What else stood in the left-out
    /// records, nobody knows.
    pub messages: u64,
}

/// A stretch that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Name of the segment.
    pub file: String,
    /// Offset in it.
    pub offset: u64,
    /// Bytes that could not be read.
    pub bytes: u64,
    /// Sequences of the records in it, first and last; none where it held none, or where nobody
    /// can tell.
    pub sequences: Option<(u64, u64)>,
    /// What was wrong.
    pub what: String,
}

/// Rebuilds every damaged segment, so that the log opens when it is replayed from `from` on (none:
/// from its first segment). What can be read keeps its position and sequence. A torn tail is left
/// for the opening to cut. An error where the damage is such that it still would not open; what
/// was done by then stays, and nothing is lost by it.
pub(crate) fn repair(disk: &dyn Disk, from: Option<u64>) -> Result<Repaired, LogError> {
    let from = from.unwrap_or(0);
    chain::tidy(disk)?;
    let mut repaired = Repaired::default();
    let all = survey(disk, from)?;
    for (index, one) in all.iter().enumerate() {
        let newest = index + 1 == all.len();
        if !needs(one, all.get(index + 1), from) {
            continue;
        }
        let following = all.get(index + 1).filter(|next| adjoins(one, next, from));
        let following =
            following.map(|next| (next.examined.link.base(), next.examined.link.header.first));
        let plan = Plan::new(&one.examined, following, newest, one.missing);
        let (copy, left_out) = plan.run(disk)?;
        repaired.quarantined.extend(copy);
        repaired.left_out.extend(left_out);
        repaired.left_out.extend(cropped(one, newest));
    }
    if !all.is_empty() {
        replay::all(disk, from, &|_| Ok(()), &mut |_| Ok(()))?;
    }
    Ok(repaired)
}

fn needs(one: &Surveyed, next: Option<&Surveyed>, from: u64) -> bool {
    let examined = &one.examined;
    let Some(next) = next else {
        let within = examined.faults.iter().any(|fault| fault.to.is_some());
        return one.header.is_some() || within || cropped(one, true).is_some();
    };
    let sealed = examined.sealed == Some(examined.link.size);
    let ends = !adjoins(one, next, from) || examined.link.end() == next.examined.link.base();
    one.header.is_some() || !examined.faults.is_empty() || !sealed || !ends
}

/// Whether a segment should end where the next one begins: below `from` those between may have
/// been removed.
fn adjoins(one: &Surveyed, next: &Surveyed, from: u64) -> bool {
    let link = &one.examined.link;
    link.base() >= from || link.end() == next.examined.link.base()
}

/// The newest segment is shorter than it was made, without a seal: its end is gone.
fn cropped(one: &Surveyed, newest: bool) -> Option<LeftOut> {
    let (examined, link) = (&one.examined, &one.examined.link);
    let cropped = newest && examined.sealed.is_none() && link.size < link.header.size;
    cropped.then(|| LeftOut {
        file: link.name.clone(),
        offset: link.size,
        bytes: link.header.size - link.size,
        sequences: None,
        what: "the file was cut; how many records were behind it nobody can tell".to_owned(),
    })
}
