//! Looking at a journal that nobody uses: what is wrong with it, what can be saved, what it holds.

use std::sync::Arc;

use super::checkpoint;
use super::compaction::newest_position;
use super::disk::Disk;
use super::log::{
    self, Archive, Body, Cut, Facts, Log, LogError, LogOptions, Repaired, Report, Stamp, Sync,
};
use super::replica::{Replica, digest};
use super::{JournalOptions, record};
use crate::core::{Core, Event};

/// Memory of messages while a journal is read through.
const BUDGET_BYTES: u64 = 64 << 20;

/// Reads everything: every fault with its file and offset, and whether the journal opens.
///
/// # Errors
/// A process uses the journal, or the disk does not let itself be read.
pub fn verify(disk: &dyn Disk) -> Result<Report, LogError> {
    let _lock = lock(disk)?;
    let (position, mut replica, mut fault) = match started(disk) {
        Ok((position, replica)) => (position, replica, None),
        Err(LogError::Damaged(damage)) => {
            (None, Replica::new(Core::default(), Archive::new(disk), BUDGET_BYTES), Some(damage))
        }
        Err(other) => return Err(other),
    };
    let stopped = fault.is_some();
    let mut step = |record| if stopped { Ok(()) } else { replica.step(record) };
    let mut report = log::verify(disk, position, &mut step)?;
    if let Some(fault) = fault.take() {
        report.opens = false;
        if !report.faults.contains(&fault) {
            report.faults.insert(0, fault);
        }
    }
    Ok(report)
}

/// The last checkpoint, with what it needs in memory; as an opening would begin.
fn started(disk: &dyn Disk) -> Result<(Option<u64>, Replica<'_>), LogError> {
    let found = checkpoint::newest(disk)?;
    let position = found.as_ref().map(|found| found.position);
    let last = found.as_ref().map(|found| found.last.0);
    let core = found.map_or_else(Core::default, |found| found.core);
    let mut replica = Replica::new(core, Archive::new(disk), BUDGET_BYTES);
    if let Some(last) = last {
        replica.goes_on_after(last);
        replica.fill()?;
    }
    Ok((position, replica))
}

/// Puts what cannot be read aside and keeps what can, so that the journal opens again.
///
/// # Errors
/// As [`verify`].
pub fn repair(disk: Arc<dyn Disk>) -> Result<Repaired, LogError> {
    let _lock = lock(&*disk)?;
    let from = loop {
        match newest_position(&*disk) {
            Err(LogError::Damaged(damage)) => put_aside(&*disk, &damage.file)?,
            position => break position?,
        }
    };
    let mut repaired = log::repair(&*disk, from)?;
    if !repaired.left_out.is_empty() {
        repaired.messages = settle_losses(&disk)?;
    }
    Ok(repaired)
}

fn put_aside(disk: &dyn Disk, file: &str) -> Result<(), LogError> {
    disk.quarantine(file).map_err(LogError::io("putting a checkpoint aside"))?;
    disk.sync().map_err(LogError::io("syncing the journal's folder"))
}

/// Messages whose records were left out are taken out of all that names them, and a checkpoint at
/// the end of the log says so: no start needs to replay across a gap.
fn settle_losses(disk: &Arc<dyn Disk>) -> Result<u64, LogError> {
    let found = checkpoint::newest(&**disk)?;
    let position = found.as_ref().map(|found| found.position);
    let mut last = found.as_ref().map(|found| found.last);
    let core = found.map_or_else(Core::default, |found| found.core);
    let mut replica = Replica::new(core, Archive::new(&**disk), BUDGET_BYTES);
    replica.tolerate();
    replica.fill()?;
    let options = LogOptions {
        sync: Sync::Always,
        segment_bytes: JournalOptions::default().segment_bytes,
        reserve: 0,
        rules: super::RULES,
        id: 0,
    };
    let (log, opened) = Log::open(disk.clone(), options, position, &mut |record| {
        last = Some((record.sequence, record.stamp));
        replica.step(record)
    })?;
    opened.cut.iter().for_each(Cut::warn);
    let Some((sequence, stamp)) = last else {
        return log.close().map(|()| 0).map_err(ended);
    };
    replica.core.step(Event::Restart, stamp.now);
    let messages = replica.lose_unreadable(stamp.now);
    // The next record begins a segment: what the core is now stands before it.
    let (mut state, mut core) = (Vec::new(), replica.core);
    core.save(&mut state);
    log.roll_next();
    let Some(body) = record::encode(&Event::Tick, true) else { return Ok(messages) };
    let (answer, effects) = core.step(Event::Tick, stamp.now);
    log.append(Body::new(body), Stamp { outcome: digest(&answer, &effects, &core), ..stamp });
    log.close().map_err(ended)?;
    let position = log.active_base();
    checkpoint::write_saved(&**disk, position, (sequence, stamp), &state)?;
    Ok(messages)
}

fn ended(poisoned: super::log::Poisoned) -> LogError {
    let source = std::io::Error::other(poisoned.to_string());
    LogError::Io { doing: "writing the repaired journal".to_owned(), source }
}

/// Segments, records and sizes.
///
/// # Errors
/// As [`verify`].
pub fn stats(disk: &dyn Disk) -> Result<Facts, LogError> {
    let _lock = lock(disk)?;
    log::stats(disk)
}

fn lock(disk: &dyn Disk) -> Result<Box<dyn Send + std::marker::Sync>, LogError> {
    disk.lock().map_err(LogError::io("locking the journal"))?.ok_or(LogError::InUse)
}
