//! The log on a disk in memory that can fail and lose what was not synced.

mod appending;
mod damaged;
mod disk;
mod failing;
mod opening;
mod repairing;
mod syncing;

use std::sync::Arc;
use std::time::Duration;

use self::disk::MemoryDisk;
use super::{Appended, Body, Damage, Log, LogError, LogOptions, Opened, Record, Stamp, Sync};
use crate::clock::Now;

const SEGMENT_BYTES: u64 = 2048;

fn options(sync: Sync) -> LogOptions {
    LogOptions { sync, segment_bytes: SEGMENT_BYTES, reserve: 0, rules: 1, id: 7 }
}

/// Opens a log and keeps what it hands on.
fn reopen(
    disk: &Arc<MemoryDisk>,
    from: Option<u64>,
) -> Result<(Log, Opened, Vec<Record>), LogError> {
    let mut records = Vec::new();
    let mut keep = |record| {
        records.push(record);
        Ok(())
    };
    let (log, opened) = Log::open(disk.clone(), options(Sync::Always), from, &mut keep)?;
    Ok((log, opened, records))
}

fn open(disk: &Arc<MemoryDisk>) -> Log {
    reopen(disk, None).unwrap().0
}

fn damage(disk: &Arc<MemoryDisk>) -> Damage {
    match reopen(disk, None) {
        Err(LogError::Damaged(damage)) => damage,
        Err(other) => panic!("{other}"),
        Ok((_, opened, _)) => panic!("it opened: {opened:?}"),
    }
}

fn stamp(at: u64) -> Stamp {
    let now = Now { monotonic: Duration::from_nanos(at), wall_ms: at * 1000 };
    Stamp { now, outcome: at as u32 }
}

/// A body that tells its record from any other; its length varies.
fn body(sequence: u64) -> Vec<u8> {
    format!("record {sequence} ").repeat(1 + sequence as usize % 9).into_bytes()
}

fn append(log: &Log, sequence: u64) -> Appended {
    let place = log.append(Body::new(body(sequence)), stamp(sequence));
    assert_eq!(place.sequence, sequence);
    place
}

fn append_all(log: &Log, sequences: std::ops::RangeInclusive<u64>) -> Vec<Appended> {
    sequences.map(|sequence| append(log, sequence)).collect()
}

/// Appends records, each durable before the next one.
async fn fill(log: &Log, sequences: std::ops::RangeInclusive<u64>) -> Vec<Appended> {
    let mut places = Vec::new();
    for sequence in sequences {
        places.push(append(log, sequence));
        log.durable(sequence).await.unwrap();
    }
    places
}

fn assert_is(record: &Record, sequence: u64) {
    assert_eq!(record.sequence, sequence);
    assert_eq!(record.body, body(sequence), "the body of {sequence}");
    assert_eq!(record.stamp, stamp(sequence));
}

/// Exactly the records 1 to `last`.
fn assert_prefix(records: &[Record], last: u64) {
    assert_eq!(records.len() as u64, last);
    for (record, sequence) in records.iter().zip(1..) {
        assert_is(record, sequence);
    }
}
