//! The log: an endless run of records on the disk, written in groups, read from any place.
//!
//! It knows nothing of queues. A record is an opaque body with a stamp (when, and with what
//! outcome); the log gives it a sequence (1, 2, 3 …, no gaps) and a position.
//!
//! **Positions** are bytes of one endless log. A segment holds a stretch of it: its base is the
//! position of its first byte, and the next segment's base is where it ends.
//!
//! ```text
//!  position 0                  base of the 2nd              base of the 3rd, still written
//!  │                           │                            │
//!  ┌────────┬───┬─────┬──┬────┐┌────────┬───────┬──┬──┬────┐┌────────┬───┬───┬ ─ ─ ─ ─ ─ ┐
//!  │ header │ 1 │  2  │3 │seal││ header │   4   │ 5│ 6│seal││ header │ 7 │ 8 │   zeros
//!  └────────┴───┴─────┴──┴────┘└────────┴───────┴──┴──┴────┘└────────┴───┴───┴ ─ ─ ─ ─ ─ ┘
//! ```
//!
//! A segment gets its name only once it is whole: preallocated, with its header, synced. So a named
//! one with a bad header or too short is damage, never a crash. When it is full, a seal is written,
//! the file cut behind it and synced, whatever the mode, before the next one begins. So a tail that
//! a crash tore is in the last segment only.
//!
//! **Torn or damaged?** Every record tells the highest sequence that was known to be synced when it
//! was written. A fault at or below the highest such mark that can be read is damage: the log does
//! not open. A fault beyond it was never answered for (or is in the very last group): the log is
//! cut there, and the cut is told.
//!
//! **Poison.** Any error of a write, a sync or a rename ends the log: nothing is tried again,
//! everybody who waits is told, and nothing appended from then on is ever acknowledged.

mod appends;
mod archive;
mod chain;
mod cut;
mod damage;
mod examine;
mod frame;
mod open;
mod options;
mod progress;
mod read;
mod rebuild;
mod repair;
mod replay;
mod room;
mod scan;
mod segment;
mod segments;
mod stats;
mod survey;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

pub(crate) use self::archive::Archive;
pub use self::damage::{Cut, Damage, LogError};
pub(crate) use self::damage::{Poisoned, Sink};
pub(crate) use self::frame::{Body, Record, Stamp};
pub(crate) use self::open::Opened;
pub(crate) use self::options::LogOptions;
pub use self::options::Sync;
pub(crate) use self::repair::repair;
pub use self::repair::{LeftOut, Repaired};
pub(crate) use self::segment::write_full;
pub(crate) use self::segments::SegmentFacts;
pub(crate) use self::stats::stats;
pub use self::stats::{Facts, SegmentLine};
pub use self::verify::Report;
pub(crate) use self::verify::verify;

use self::appends::Appends;
pub(crate) use self::appends::{Appended, PENDING_BYTES_MAX};
use self::progress::Progress;
use self::room::Room;
use self::segments::Segments;
use super::disk::Disk;

/// A log that is open for appending. Dropping it closes it.
pub(crate) struct Log {
    parts: Arc<Parts>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the log and its writer share.
struct Parts {
    disk: Arc<dyn Disk>,
    options: LogOptions,
    appends: Appends,
    progress: Progress,
    segments: Segments,
    room: Room,
}

impl Log {
    /// Reads what is there from position `from` on (none: from the first segment), hands every
    /// record to `each`, cuts a torn tail and opens for appending. `from` is a segment's base.
    /// Begins a new log where the folder has no segment.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        options: LogOptions,
        from: Option<u64>,
        each: Sink<'_>,
    ) -> Result<(Self, Opened), LogError> {
        open::open(disk, options, from, each)
    }

    /// Queues a record for the writer, who is woken by [`Log::durable`] or [`Log::flush_hint`].
    /// Short, no I/O. The caller makes sure by a lock of its own that the order is the one it means.
    pub(crate) fn append(&self, body: Body, stamp: Stamp) -> Appended {
        if self.parts.progress.has_ended() {
            return self.parts.appends.refuse(body.len());
        }
        self.parts.appends.append(body, stamp)
    }

    /// Where the next record will be if its body is `body_len` bytes long.
    pub(crate) fn next_position(&self, body_len: usize) -> u64 {
        self.parts.appends.next_position(body_len)
    }

    /// The next record begins a new segment, so that this one can be given up when all in it is
    /// dead.
    pub(crate) fn roll_next(&self) {
        self.parts.appends.roll_next();
    }

    /// Bytes appended but not written yet. From [`PENDING_BYTES_MAX`] on, who brings more waits
    /// first.
    pub(crate) fn pending_bytes(&self) -> u64 {
        self.parts.appends.pending_bytes()
    }

    /// Wakes the writer. `sync`: somebody waits until what was appended is durable; else it is
    /// written and synced along with what comes next.
    pub(crate) fn flush_hint(&self, sync: bool) {
        self.parts.appends.wake(sync);
    }

    /// Waits until the record with this sequence is as durable as the options ask: synced, or under
    /// `Interval` and `Never` written.
    pub(crate) async fn durable(&self, sequence: u64) -> Result<(), Poisoned> {
        let Some(waiting) = self.parts.progress.wait_for(sequence)? else { return Ok(()) };
        self.flush_hint(true);
        waiting.await.unwrap_or_else(|_| Err(self.parts.progress.cause()))
    }

    /// The highest sequence for which [`Log::durable`] does not wait.
    pub(crate) fn durable_now(&self) -> u64 {
        self.parts.progress.durable()
    }

    /// Whether the log is poisoned.
    pub(crate) fn has_failed(&self) -> bool {
        self.parts.progress.poisoned().is_some()
    }

    /// Poisons the log.
    pub(crate) fn fail(&self, why: &str) {
        self.parts.progress.poison(Poisoned::because(why));
    }

    /// Resolves when the log is poisoned.
    pub(crate) async fn failed(&self) -> Poisoned {
        self.parts.progress.failed().await
    }

    /// What the writer calls after each advance of [`Log::durable_now`], with that sequence. One
    /// hook; the first stays.
    pub(crate) fn on_durable(&self, hook: Box<dyn Fn(u64) + Send + std::marker::Sync>) {
        self.parts.progress.hook(hook);
    }

    /// Reads a written record; both checksums are verified.
    pub(crate) fn read(&self, position: u64) -> Result<Record, Damage> {
        read::read(&self.parts, position)
    }

    /// The sealed segments, oldest first.
    pub(crate) fn sealed(&self) -> Vec<SegmentFacts> {
        self.parts.segments.sealed()
    }

    /// Bytes of all segments if the log ends at `position`.
    pub(crate) fn bytes(&self, position: u64) -> u64 {
        self.parts.segments.bytes(position)
    }

    /// The base of the segment that is written now.
    pub(crate) fn active_base(&self) -> u64 {
        self.parts.segments.active_base()
    }

    /// Reads the records of the sealed segments whose bases are in `range`, as they follow each
    /// other. The segments of the range are complete; they may belong to a log that is open.
    pub(crate) fn records(
        disk: &dyn Disk,
        range: Range<u64>,
        each: Sink<'_>,
    ) -> Result<(), LogError> {
        read::records(disk, range, each)
    }

    /// Removes a sealed segment that nobody needs. An error poisons the log.
    pub(crate) fn remove(&self, base: u64) -> io::Result<()> {
        let removed = self.parts.segments.remove(base);
        if let Err(error) = &removed {
            self.parts.progress.poison(Poisoned::new("removing a segment", error));
        }
        self.parts.room.look(&*self.parts.disk);
        removed
    }

    /// Whether the disk has more free than the reserve, as of the writer's last look.
    pub(crate) fn has_room(&self) -> bool {
        self.parts.room.is_there()
    }

    /// Writes and syncs all that was appended and ends the writer. What is appended later is not
    /// acknowledged. Blocks.
    pub(crate) fn close(&self) -> Result<(), Poisoned> {
        self.parts.appends.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A panic has poisoned the log by then.
            _ = writer.join();
        }
        self.parts.progress.poisoned().map_or(Ok(()), Err)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Err(poisoned) = self.close() {
            tracing::error!(%poisoned, "the journal closed with an error");
        }
    }
}
