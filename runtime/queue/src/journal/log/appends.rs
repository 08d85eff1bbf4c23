//! What was appended and waits for the writer; where each record will be is settled here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::frame::{BODY_BYTES_MAX, Body, HEADER_BYTES, Stamp, record_bytes};
use super::segment::SEGMENT_HEADER_BYTES;

/// Bytes that may wait for the writer before those who bring more should wait: what a disk that
/// stalls can pile up in memory. Nothing is refused beyond it; settles must always be taken.
pub(crate) const PENDING_BYTES_MAX: u64 = 64 << 20;

/// Waiting bytes at which the writer starts although nobody asked it to.
const WAKE_BYTES: u64 = 1 << 20;

/// Where a record was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Its position in the log.
    pub(crate) position: u64,
    /// Its number.
    pub(crate) sequence: u64,
}

/// The queue before the writer.
pub(super) struct Appends {
    queue: Mutex<Queue>,
    wake: Condvar,
    bytes: AtomicU64,
    segment_bytes: u64,
}

struct Queue {
    entries: VecDeque<Entry>,
    tail: Tail,
    woken: bool,
    sync: bool,
    closing: bool,
}

/// A record that waits to be written.
pub(super) struct Entry {
    pub(super) place: Appended,
    /// The segment it begins.
    pub(super) begins: Option<Stretch>,
    pub(super) stamp: Stamp,
    pub(super) body: Body,
}

/// A segment's place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Position of its first byte.
    pub(super) base: u64,
    /// Bytes it is preallocated to.
    pub(super) size: u64,
}

/// The end of the log: what is appended goes here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// The segment it is in.
    pub(super) stretch: Stretch,
    /// Position behind the last record.
    pub(super) position: u64,
    /// Sequence of the next record.
    pub(super) sequence: u64,
}

impl Tail {
    /// Where a record of `bytes` goes, and the segment it begins if this one has no place for it
    /// and its own seal. One that is larger than a segment gets one of its own.
    fn place(&self, bytes: u64, segment_bytes: u64) -> (u64, Option<Stretch>) {
        let seal = HEADER_BYTES as u64;
        if self.position + bytes + seal <= self.stretch.base + self.stretch.size {
            return (self.position, None);
        }
        let base = self.position + seal;
        let size = segment_bytes.max(SEGMENT_HEADER_BYTES + bytes + seal).next_multiple_of(8);
        (base + SEGMENT_HEADER_BYTES, Some(Stretch { base, size }))
    }
}

/// What the writer has to do.
pub(super) struct Work {
    pub(super) entries: VecDeque<Entry>,
    /// Somebody waits for durability.
    pub(super) sync: bool,
    /// It is the last.
    pub(super) closing: bool,
}

impl Appends {
    /// Nothing waits.
    pub(super) fn new(tail: Tail, segment_bytes: u64) -> Self {
        let queue =
            Queue { entries: VecDeque::new(), tail, woken: false, sync: false, closing: false };
        let bytes = AtomicU64::new(0);
        Self { queue: Mutex::new(queue), wake: Condvar::new(), bytes, segment_bytes }
    }

    /// Puts a record at the end.
    pub(super) fn append(&self, body: Body, stamp: Stamp) -> Appended {
        let bytes = record_bytes(body.len());
        let mut queue = self.lock();
        let (place, begins) = queue.advance(bytes, self.segment_bytes);
        queue.entries.push_back(Entry { place, begins, stamp, body });
        let waiting = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let wake = waiting >= WAKE_BYTES && !queue.woken;
        queue.woken |= wake;
        drop(queue);
        if wake {
            self.wake.notify_one();
        }
        place
    }

    /// Gives a record a place that nothing will ever be written to: the log has ended.
    pub(super) fn refuse(&self, body_len: usize) -> Appended {
        self.lock().advance(record_bytes(body_len), self.segment_bytes).0
    }

    /// Where the next record would be.
    pub(super) fn next_position(&self, body_len: usize) -> u64 {
        self.lock().tail.place(record_bytes(body_len), self.segment_bytes).0
    }

    /// The next record begins a new segment, if this one holds any.
    pub(super) fn roll_next(&self) {
        let mut queue = self.lock();
        let used = queue.tail.position - queue.tail.stretch.base;
        if used > SEGMENT_HEADER_BYTES {
            queue.tail.stretch.size = used;
        }
    }

    /// Bytes that wait, or are being written.
    pub(super) fn pending_bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Notes that so many bytes wait no more.
    pub(super) fn written(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Wakes the writer.
    pub(super) fn wake(&self, sync: bool) {
        let mut queue = self.lock();
        queue.sync |= sync;
        let wake = !queue.woken;
        queue.woken = true;
        drop(queue);
        if wake {
            self.wake.notify_one();
        }
    }

    /// Tells the writer to finish.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_one();
    }

    /// Waits for work, at most until `deadline`.
    pub(super) fn take(&self, deadline: Option<Instant>) -> Work {
        let mut queue = self.lock();
        while !queue.woken && !queue.closing {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            queue = match left {
                Some(Duration::ZERO) => break,
                Some(left) => {
                    self.wake.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
        queue.woken = false;
        Work {
            entries: std::mem::take(&mut queue.entries),
            sync: std::mem::take(&mut queue.sync),
            closing: queue.closing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn advance(&mut self, bytes: u64, segment_bytes: u64) -> (Appended, Option<Stretch>) {
        let (position, begins) = self.tail.place(bytes, segment_bytes);
        let place = Appended { position, sequence: self.tail.sequence };
        self.tail = Tail {
            stretch: begins.unwrap_or(self.tail.stretch),
            position: position + bytes,
            sequence: place.sequence + 1,
        };
        (place, begins)
    }
}

/// Whether a body is too long for a record.
pub(super) fn is_too_long(body: &Body) -> bool {
    body.len() > BODY_BYTES_MAX
}
