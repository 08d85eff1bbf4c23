//! Opens a log: reads what is there, mends its end, starts the writer.

use std::sync::{Arc, Mutex};

use super::appends::{Appends, Stretch, Tail};
use super::chain::{self, Link};
use super::cut;
use super::damage::{Cut, LogError, Sink};
use super::frame::Stamp;
use super::options::LogOptions;
use super::progress::Progress;
use super::replay::{self, Ending, Replayed, Tally};
use super::room::Room;
use super::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader, file_name};
use super::segments::{SegmentFacts, Segments};
use super::writer::{Active, Writer};
use super::{Log, Parts};
use crate::journal::disk::Disk;

/// What opening a log found.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// The torn tail that was cut off.
    pub(crate) cut: Option<Cut>,
    /// Stamp of the last record handed on.
    pub(crate) last: Option<Stamp>,
    /// Sequence of the next record.
    pub(crate) next_sequence: u64,
    /// Records handed on.
    pub(crate) records: u64,
    /// Records that a repair had to leave out of what was read. `Record::sequence` jumps there.
    pub(crate) lost: u64,
}

/// The end of what is there, ready to be written on.
struct End {
    active: Active,
    sealed: Vec<SegmentFacts>,
    salt: u32,
    tally: Tally,
    cut: Option<Cut>,
}

/// See [`Log::open`].
pub(super) fn open(
    disk: Arc<dyn Disk>,
    options: LogOptions,
    from: Option<u64>,
    each: Sink<'_>,
) -> Result<(Log, Opened), LogError> {
    chain::tidy(&*disk)?;
    let is_new = chain::bases(&*disk)?.is_empty();
    let end = match (is_new, from) {
        (true, None) => begin(&*disk, &options)?,
        (_, from) => go_on(&*disk, &options, from.unwrap_or(0), each)?,
    };
    let opened = Opened {
        cut: end.cut.clone(),
        last: end.tally.last,
        next_sequence: end.tally.next,
        records: end.tally.records,
        lost: end.tally.lost,
    };
    let log = start(disk, options, end)?;
    let Opened { records, lost, next_sequence, .. } = opened;
    tracing::debug!(records, lost, next_sequence, "the log of the journal is open");
    Ok((log, opened))
}

/// A log without records.
fn begin(disk: &dyn Disk, options: &LogOptions) -> Result<End, LogError> {
    let header = SegmentHeader {
        rules: options.rules,
        base: 0,
        first: 1,
        id: options.id,
        size: first_size(options),
    };
    let tally = Tally { next: 1, ..Tally::default() };
    let active = make(disk, header)?;
    Ok(End { active, sealed: Vec::new(), salt: header.salt(), tally, cut: None })
}

/// Reads what is there and mends its end.
fn go_on(
    disk: &dyn Disk,
    options: &LogOptions,
    from: u64,
    each: Sink<'_>,
) -> Result<End, LogError> {
    let replayed = replay::all(disk, from, &|link| check_rules(link, options.rules), each)?;
    let mending = || LogError::io(format!("mending {}", replayed.newest.name));
    let (newest, file) = (&replayed.newest, &replayed.file);
    if let Some(torn) = &replayed.ending.cut {
        cut::cut(disk, &**file, newest.base(), newest.header.size, torn).map_err(mending())?;
    }
    if replayed.ending.sealed {
        file.truncate(replayed.ending.offset).map_err(mending())?;
    }
    // What was read may be in the page cache only: on disk before anything is built on it.
    file.sync().map_err(mending())?;
    disk.sync().map_err(mending())?;
    resume(disk, options, replayed)
}

/// Where writing goes on. A seal without a segment behind it gets one.
fn resume(disk: &dyn Disk, options: &LogOptions, replayed: Replayed) -> Result<End, LogError> {
    let Replayed { mut sealed, newest, file, ending, tally } = replayed;
    let Ending { offset, cut, .. } = ending;
    let salt = newest.header.salt();
    if !ending.sealed {
        let active = Active::new(file, newest.header, offset);
        return Ok(End { active, sealed, salt, tally, cut });
    }
    let base = newest.base() + offset;
    let records = tally.next - newest.header.first;
    sealed.push(SegmentFacts { base: newest.base(), end: base, records });
    let (rules, size) = (options.rules, first_size(options));
    let active =
        make(disk, SegmentHeader { rules, base, first: tally.next, size, ..newest.header })?;
    Ok(End { active, sealed, salt, tally, cut })
}

/// A new segment, ready to be written.
fn make(disk: &dyn Disk, header: SegmentHeader) -> Result<Active, LogError> {
    let making = LogError::io(format!("making {}", file_name(header.base)));
    let file = segment::create(disk, &header).map_err(making)?;
    Ok(Active::new(Arc::from(file), header, SEGMENT_HEADER_BYTES))
}

fn start(disk: Arc<dyn Disk>, options: LogOptions, end: End) -> Result<Log, LogError> {
    let End { active, sealed, salt, tally, .. } = end;
    let stretch = Stretch { base: active.header.base, size: active.header.size };
    let tail = Tail { stretch, position: active.position(), sequence: tally.next };
    let written = (active.header.base, active.file.clone());
    let parts = Arc::new(Parts {
        appends: Appends::new(tail, options.segment_bytes),
        progress: Progress::new(tally.next - 1, options.sync),
        segments: Segments::new(disk.clone(), salt, sealed, written),
        room: Room::new(options.reserve, &*disk),
        disk,
        options,
    });
    let writer = Writer::spawn(parts.clone(), active)
        .map_err(LogError::io("starting the writer of the journal"))?;
    Ok(Log { parts, writer: Mutex::new(Some(writer)) })
}

fn check_rules(link: &Link, rules: u32) -> Result<(), LogError> {
    if link.header.rules == rules {
        return Ok(());
    }
    Err(LogError::Format(format!(
        "{} was written under version {} of the delivery rules, this program has version {rules}; \
         use the version of Millstream that wrote it",
        link.name, link.header.rules
    )))
}

fn first_size(options: &LogOptions) -> u64 {
    options.segment_bytes.max(2 * SEGMENT_HEADER_BYTES).next_multiple_of(8)
}
