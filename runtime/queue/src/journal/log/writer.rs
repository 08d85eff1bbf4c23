//! The one thread that writes: whatever waits goes out in one write and one sync.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use super::Parts;
use super::appends::{Entry, Stretch, Work, is_too_long};
use super::damage::Poisoned;
use super::frame::{HEADER_BYTES, Header};
use super::options::Sync;
use super::room::LOOK_BYTES;
use super::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader, write_full};
use super::segments::SegmentFacts;
use crate::journal::disk::DiskFile;

/// Bytes of one write: bounds the buffer, and how long the first of a group waits for the last.
const GROUP_BYTES_MAX: usize = 8 << 20;

/// A write up to this long is followed by zeros when it comes to blocks that were never written.
///
/// On ext4, syncing a write into preallocated but never written blocks commits the file system's
/// own journal (4 KiB: 145 µs); into blocks written before, it does not (92 µs). So zeros are
/// written ahead in the same call. A large write would pay more for them than it gains.
const SMALL_WRITE_BYTES: usize = 64 << 10;

/// How far ahead zeros are written.
const AHEAD_BYTES: u64 = 256 << 10;

/// The segment that is written.
pub(super) struct Active {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) header: SegmentHeader,
    /// Offset behind what was written.
    end: u64,
    /// Offset behind the zeros that were written ahead.
    ahead: u64,
}

impl Active {
    /// A segment with records up to `end`.
    pub(super) fn new(file: Arc<dyn DiskFile>, header: SegmentHeader, end: u64) -> Self {
        Self { file, header, end, ahead: end }
    }

    /// Position behind what was written.
    pub(super) fn position(&self) -> u64 {
        self.header.base + self.end
    }
}

/// The writing thread.
pub(super) struct Writer {
    parts: Arc<Parts>,
    active: Active,
    /// Headers and bodies of the group that is put together.
    group: Vec<u8>,
    /// Sequence of the last record in the group, or before it.
    last: u64,
    /// Since when something is written but not synced.
    dirty: Option<Instant>,
    /// Bytes written since the last look at the free space.
    since_look: u64,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn spawn(parts: Arc<Parts>, active: Active) -> io::Result<JoinHandle<()>> {
        let last = parts.progress.written();
        let writer = Self { parts, active, group: Vec::new(), last, dirty: None, since_look: 0 };
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run())
    }

    fn run(mut self) {
        loop {
            let work = self.parts.appends.take(self.deadline());
            let closing = work.closing;
            if let Err(poisoned) = self.serve(work) {
                return self.parts.progress.poison(poisoned);
            }
            if closing {
                return self.parts.progress.close();
            }
        }
    }

    fn serve(&mut self, work: Work) -> Result<(), Poisoned> {
        self.write(work.entries)?;
        let due = match self.parts.options.sync {
            Sync::Always => work.sync,
            Sync::Interval(interval) => self.dirty.is_some_and(|since| since.elapsed() >= interval),
            Sync::Never => false,
        };
        if (due || work.closing) && self.dirty.is_some() {
            self.sync()?;
        }
        if self.since_look >= LOOK_BYTES || !self.parts.room.is_there() {
            self.look();
        }
        Ok(())
    }

    /// When there is something to do although nobody asks.
    fn deadline(&self) -> Option<Instant> {
        let sync = match (self.parts.options.sync, self.dirty) {
            (Sync::Interval(interval), Some(since)) => since.checked_add(interval),
            _ => None,
        };
        [sync, self.parts.room.next_look()].into_iter().flatten().min()
    }

    fn write(&mut self, entries: VecDeque<Entry>) -> Result<(), Poisoned> {
        for entry in entries {
            if is_too_long(&entry.body) {
                return Err(Poisoned::because("a record is too long for the journal"));
            }
            if let Some(next) = entry.begins {
                self.roll(next)?;
            }
            self.add(&entry);
            if self.group.len() >= GROUP_BYTES_MAX {
                self.flush()?;
            }
        }
        self.flush()
    }

    fn add(&mut self, entry: &Entry) {
        let (position, sequence) = (entry.place.position, entry.place.sequence);
        let synced = self.parts.progress.synced();
        let header = Header::record(position, sequence, synced, entry.stamp, &entry.body);
        self.group.extend_from_slice(&header.encode(self.parts.segments.salt));
        self.group.extend_from_slice(&entry.body.bytes);
        self.group.resize(self.group.len().next_multiple_of(8), 0);
        self.last = sequence;
    }

    /// Writes the group in one call.
    fn flush(&mut self) -> Result<(), Poisoned> {
        if self.group.is_empty() {
            return Ok(());
        }
        let bytes = self.group.len();
        self.put()?;
        self.dirty.get_or_insert_with(Instant::now);
        self.since_look += bytes as u64;
        self.parts.appends.written(bytes as u64);
        self.parts.progress.set_written(self.last);
        Ok(())
    }

    /// Writes the buffer at the end of the segment, with zeros behind it where they pay.
    fn put(&mut self) -> Result<(), Poisoned> {
        let active = &mut self.active;
        let end = active.end + self.group.len() as u64;
        if end > active.ahead && self.group.len() <= SMALL_WRITE_BYTES {
            let ahead = (end + AHEAD_BYTES).next_multiple_of(4096).min(active.header.size);
            self.group.resize(self.group.len() + ahead.saturating_sub(end) as usize, 0);
            active.ahead = ahead;
        }
        write_full(&*active.file, active.end, &self.group)
            .map_err(|error| Poisoned::new("writing the journal", &error))?;
        active.end = end;
        active.ahead = active.ahead.max(end);
        self.group.clear();
        self.group.shrink_to(GROUP_BYTES_MAX);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Poisoned> {
        let failed = |error: io::Error| Poisoned::new("syncing the journal", &error);
        self.active.file.sync().map_err(failed)?;
        self.dirty = None;
        self.parts.progress.set_synced(self.last);
        Ok(())
    }

    /// Seals the segment, with everything in it synced, and begins the next one.
    fn roll(&mut self, next: Stretch) -> Result<(), Poisoned> {
        self.flush()?;
        let synced = self.parts.progress.synced();
        let seal = Header::seal(self.active.position(), self.last, synced);
        self.group.extend_from_slice(&seal.encode(self.parts.segments.salt));
        self.put()?;
        let (base, end) = (self.active.header.base, self.active.end);
        let failed = |error: io::Error| Poisoned::new("sealing a segment of the journal", &error);
        // The seal is on the disk before it is cut: a shorter file without one is damage.
        self.sync()?;
        self.active.file.truncate(end).map_err(failed)?;
        self.sync()?;
        let first = self.last + 1;
        let records = first - self.active.header.first;
        self.begin(SegmentHeader {
            base: next.base,
            size: next.size,
            first,
            ..self.active.header
        })?;
        let sealed = SegmentFacts { base, end: base + end, records };
        self.parts.segments.roll(sealed, (next.base, self.active.file.clone()));
        self.look();
        Ok(())
    }

    fn begin(&mut self, header: SegmentHeader) -> Result<(), Poisoned> {
        let header = SegmentHeader { rules: self.parts.options.rules, ..header };
        let file = segment::create(&*self.parts.disk, &header)
            .map_err(|error| Poisoned::new("beginning a segment of the journal", &error))?;
        self.active = Active::new(Arc::from(file), header, SEGMENT_HEADER_BYTES);
        Ok(())
    }

    fn look(&mut self) {
        self.since_look = 0;
        self.parts.room.look(&*self.parts.disk);
    }
}

impl Drop for Writer {
    /// A writer that panics leaves nobody waiting.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let message = "the writer of the journal panicked";
            self.parts.progress.poison(Poisoned::because(message));
        }
    }
}

const _: () = assert!(HEADER_BYTES.is_multiple_of(8), "a seal keeps the next base aligned");
