//! The journal of a running broker: what it asks of the log, and who waits for what.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use millstream_message::Batch;
use tokio::sync::broadcast;

use super::compaction::Compactor;
use super::disk::Disk;
use super::log::{Appended, Body, Damage, Log, PENDING_BYTES_MAX, Poisoned, Stamp};
use super::replica::{gather, slice};
use super::{JournalOptions, record};
use crate::broker::Browsed;
use crate::core::{Core, Event};
use crate::stored::Stored;

/// Bytes that are appended or read back before memory is looked at again.
const EVICT_EVERY_BYTES: u64 = 1 << 20;

/// Bytes after which it is noted again how far the files go.
const NOTE_EVERY_BYTES: u64 = 16 << 10;

/// The log, and what is kept beside it.
pub(crate) struct Keeper {
    pub(crate) log: Arc<Log>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) options: JournalOptions,
    shows: Arc<Shows>,
    since_evicted: AtomicU64,
    /// Records and their positions: below, everything is in the files once that record is written.
    written: Mutex<VecDeque<(u64, u64)>>,
    /// The position that was noted last.
    noted: AtomicU64,
    pub(crate) compactor: Compactor,
    _lock: Box<dyn Send + std::marker::Sync>,
}

/// What watchers see once it is durable, in order of the records.
#[derive(Default)]
struct Shows(Mutex<VecDeque<(u64, broadcast::Sender<Browsed>, Browsed)>>);

impl Shows {
    fn release(&self, durable: u64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.front().is_some_and(|(sequence, ..)| *sequence <= durable) {
            if let Some((_, tap, run)) = waiting.pop_front() {
                // Whoever watched may have gone.
                let _ = tap.send(run);
            }
        }
    }
}

impl Keeper {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        log: Log,
        options: JournalOptions,
        lock: Box<dyn Send + std::marker::Sync>,
        checkpointed: u64,
    ) -> Self {
        let (log, shows) = (Arc::new(log), Arc::new(Shows::default()));
        let showing = Arc::clone(&shows);
        log.on_durable(Box::new(move |durable| showing.release(durable)));
        let compactor = Compactor::new(checkpointed, options.segment_bytes);
        let (since_evicted, noted) = (AtomicU64::new(0), AtomicU64::new(0));
        let written = Mutex::default();
        Self { log, disk, options, shows, since_evicted, written, noted, compactor, _lock: lock }
    }

    /// The event as a record's body; none when it is not recorded.
    pub(crate) fn encode(&self, event: &Event, handler_known: bool) -> Option<Body> {
        record::encode(event, handler_known).map(Body::new)
    }

    /// Tells the event where its messages will be. The caller appends `body` before anybody else
    /// appends.
    pub(crate) fn locate(&self, event: &mut Event, body: &Body) {
        record::locate(event, self.log.next_position(body.len()));
    }

    /// Appends what was stepped. Answers its sequence.
    pub(crate) fn append(&self, body: Body, stamp: Stamp, core: &Core) -> u64 {
        let bytes = body.len() as u64;
        let appended = self.log.append(body, stamp);
        let Appended { position, sequence } = appended;
        self.look_for_dead(&appended, core);
        self.since_evicted.fetch_add(bytes, Ordering::Relaxed);
        self.note(sequence, position);
        self.compactor.has_grown(position);
        sequence
    }

    fn note(&self, sequence: u64, position: u64) {
        let every = NOTE_EVERY_BYTES.min(self.options.memory_budget);
        if position >= self.noted.load(Ordering::Relaxed) + every {
            self.noted.store(position, Ordering::Relaxed);
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.push_back((sequence, position));
        }
    }

    /// Gives memory back where the messages take more than they may. Answers what to free outside
    /// the lock.
    pub(crate) fn evict(&self, core: &mut Core) -> Vec<Batch> {
        let every = EVICT_EVERY_BYTES.min(self.options.memory_budget / 8);
        if self.since_evicted.load(Ordering::Relaxed) < every {
            return Vec::new();
        }
        self.since_evicted.store(0, Ordering::Relaxed);
        core.evict(self.options.memory_budget, self.written_below())
    }

    /// A position below which everything is in the files.
    fn written_below(&self) -> u64 {
        let durable = self.log.durable_now();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        while written.get(1).is_some_and(|(sequence, _)| *sequence <= durable) {
            written.pop_front();
        }
        let first = written.front().filter(|(sequence, _)| *sequence <= durable);
        first.map_or(0, |(_, position)| *position)
    }

    /// The highest record for which nobody waits.
    pub(crate) fn durable_now(&self) -> u64 {
        self.log.durable_now()
    }

    /// Whether the journal has ended.
    pub(crate) fn has_failed(&self) -> bool {
        self.log.has_failed()
    }

    /// Ends the journal: nothing more is acknowledged.
    pub(crate) fn fail(&self, why: &str) {
        self.log.fail(why);
    }

    /// What is appended is written soon, though nobody waits for it.
    pub(crate) fn write_soon(&self) {
        self.log.flush_hint(false);
    }

    /// Whether the disk has room for new messages.
    pub(crate) fn has_room(&self) -> bool {
        self.log.has_room()
    }

    /// Waits until a record is as durable as the options ask. 0 is no record.
    pub(crate) async fn durable(&self, sequence: u64) -> Result<(), Poisoned> {
        if sequence == 0 || (sequence <= self.durable_now() && !self.has_failed()) {
            return Ok(());
        }
        self.log.durable(sequence).await
    }

    /// Whether so much waits for the disk that who brings more should wait first.
    pub(crate) fn is_behind(&self) -> bool {
        self.log.pending_bytes() >= PENDING_BYTES_MAX
    }

    /// Shows a run once its record is durable.
    pub(crate) fn show(&self, sequence: u64, tap: broadcast::Sender<Browsed>, run: Browsed) {
        let mut waiting = self.shows.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((sequence, tap, run));
        drop(waiting);
        self.log.flush_hint(true);
        self.shows.release(self.log.durable_now());
    }

    /// Messages that only the log has.
    pub(crate) fn fetch(&self, stored: &[Stored]) -> Result<Batch, Damage> {
        let batch = self.read(stored)?;
        self.since_evicted.fetch_add(batch.resident_bytes() as u64, Ordering::Relaxed);
        Ok(batch)
    }

    fn read(&self, stored: &[Stored]) -> Result<Batch, Damage> {
        let mut last: Option<(u64, Bytes)> = None;
        let mut parts = Vec::with_capacity(stored.len());
        for run in stored {
            let body = match &last {
                Some((position, body)) if *position == run.position => body.clone(),
                _ => self.log.read(run.position)?.body,
            };
            last = Some((run.position, body.clone()));
            parts.push(slice(body, run)?);
        }
        gather(&parts)
    }
}

/// Which record of the log holds which messages of a topic: those that may not be durable yet.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// One past the last message of a record, and the record.
    ends: VecDeque<(u64, u64)>,
    /// Below, everything is durable.
    durable_below: u64,
}

impl Marks {
    /// Everything below `end` is durable.
    pub(crate) fn from(end: u64) -> Self {
        Self { ends: VecDeque::new(), durable_below: end }
    }

    /// The log of the topic ends at `end` since the record `sequence`.
    pub(crate) fn grown(&mut self, end: u64, sequence: u64, durable: u64) {
        self.settle(durable);
        self.ends.push_back((end, sequence));
    }

    fn settle(&mut self, durable: u64) {
        while let Some((end, _)) =
            self.ends.front().copied().filter(|(_, record)| *record <= durable)
        {
            self.durable_below = end;
            self.ends.pop_front();
        }
    }

    /// The record that must be durable before messages below `end` may be seen; 0 when it is.
    pub(crate) fn record_of(&self, end: u64) -> u64 {
        if end <= self.durable_below {
            return 0;
        }
        let place = self.ends.partition_point(|(covered, _)| *covered < end);
        self.ends.get(place).map_or(0, |(_, record)| *record)
    }

    /// One past the last message that may be seen.
    pub(crate) fn durable_below(&mut self, durable: u64) -> u64 {
        self.settle(durable);
        self.durable_below
    }
}
