//! Beside the writer: checkpoints, segments that nobody needs any more, and messages that move
//! forward out of segments that are mostly dead.
//!
//! A checkpoint is made as a start would find it: the one before, and the sealed segments since,
//! stepped again by a core of its own. So it disturbs nobody, and it is proof that a start works.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::checkpoint::{self, Checkpoint};
use super::disk::Disk;
use super::keeper::Keeper;
use super::log::{Appended, Archive, Log, LogError, SegmentFacts, Stamp};
use super::replica::{Fetcher, Replica};
use crate::clock::Now;
use crate::core::{Core, Kept, Move};
use crate::stored::Stored;

/// Segments that are sealed before a checkpoint is worth while.
const SEGMENTS_PER_CHECKPOINT: u64 = 4;

/// Records after which it is looked at how much of the log is dead.
const LOOK_EVERY_RECORDS: u64 = 256;

/// Memory of the core that makes a checkpoint.
const REPLICA_BUDGET_BYTES: u64 = 32 << 20;

/// Bytes of messages that move in one record.
const MOVE_BYTES_MAX: u64 = 1 << 20;

/// When there is something to do.
pub(crate) struct Compactor {
    /// Position of the last checkpoint.
    checkpointed: AtomicU64,
    every_bytes: u64,
    wanted: Mutex<bool>,
    wake: Condvar,
    stopped: AtomicBool,
}

impl Compactor {
    pub(super) fn new(checkpointed: u64, segment_bytes: u64) -> Self {
        Self {
            checkpointed: AtomicU64::new(checkpointed),
            every_bytes: segment_bytes.saturating_mul(SEGMENTS_PER_CHECKPOINT),
            wanted: Mutex::new(false),
            wake: Condvar::new(),
            stopped: AtomicBool::new(false),
        }
    }

    /// The log has come to `position`: much to step again at a start.
    pub(super) fn has_grown(&self, position: u64) {
        let since = position.saturating_sub(self.checkpointed.load(Ordering::Relaxed));
        if since >= self.every_bytes {
            self.ask_at(position);
        }
    }

    /// The log has come to `position`, takes `size` bytes and holds `live` bytes of messages: much
    /// that is dead. Half of it is, and it is more than a checkpoint is worth.
    pub(super) fn has_died(&self, position: u64, size: u64, live: u64) {
        let since = position.saturating_sub(self.checkpointed.load(Ordering::Relaxed));
        if size > live.saturating_mul(2) + self.every_bytes && since > self.every_bytes / 256 {
            self.ask_at(position);
        }
    }

    /// Once: until the next time, more must come.
    fn ask_at(&self, position: u64) {
        self.checkpointed.store(position, Ordering::Relaxed);
        self.ask(true);
    }

    /// Ends [`Compactor::wait`] for good.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.ask(true);
    }

    /// Waits until there is something to do; false when it is over.
    pub(crate) fn wait(&self) -> bool {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        while !*wanted {
            wanted = self.wake.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
        *wanted = false;
        !self.stopped.load(Ordering::Acquire)
    }

    fn ask(&self, wanted: bool) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
        self.wake.notify_all();
    }
}

impl Keeper {
    /// Whether much of the log is dead, as of now.
    pub(super) fn look_for_dead(&self, record: &Appended, core: &Core) {
        let Appended { position, sequence } = record;
        if sequence.is_multiple_of(LOOK_EVERY_RECORDS) {
            let size = self.log.bytes(*position);
            self.compactor.has_died(*position, size, core.kept_bytes());
        }
    }

    /// Makes a checkpoint where the segment begins that is written now, removes what it makes
    /// needless, and names the messages that should move out of segments that are mostly dead.
    pub(crate) fn compact(&self) -> Result<Vec<Vec<Move>>, LogError> {
        let target = self.log.active_base();
        let before = checkpoint::newest(&*self.disk)?;
        let from = before.as_ref().map_or(0, |before| before.position);
        if from < target {
            let made = self.advance(before, target)?;
            checkpoint::write(&*self.disk, &made)?;
        }
        // Read back: only what was seen to be whole takes the place of the one before.
        let mut current = match checkpoint::newest(&*self.disk)? {
            Some(current) => current,
            None => return Ok(Vec::new()),
        };
        checkpoint::remove_older(&*self.disk, current.position)?;
        let kept = current.core.kept();
        self.remove_unneeded(current.position, &kept)?;
        self.moves(current.position, &kept)
    }

    /// The checkpoint at `target`.
    fn advance(&self, before: Option<Checkpoint>, target: u64) -> Result<Checkpoint, LogError> {
        let nothing =
            Stamp { now: Now { monotonic: std::time::Duration::ZERO, wall_ms: 0 }, outcome: 0 };
        let (from, mut last, core) = match before {
            Some(before) => (before.position, before.last, before.core),
            None => (0, (0, nothing), Core::default()),
        };
        let mut replica = Replica::new(core, Archive::new(&*self.disk), REPLICA_BUDGET_BYTES);
        replica.goes_on_after(last.0);
        replica.fill()?;
        Log::records(&*self.disk, from..target, &mut |record| {
            last = (record.sequence, record.stamp);
            replica.step(record)
        })?;
        Ok(Checkpoint { position: target, last, core: replica.core })
    }

    fn remove_unneeded(&self, position: u64, kept: &[Kept]) -> Result<(), LogError> {
        let live = live_bytes(&self.log.sealed(), kept);
        for segment in self.log.sealed() {
            if segment.end <= position && !live.contains_key(&segment.base) {
                self.log.remove(segment.base).map_err(LogError::io("removing a segment"))?;
            }
        }
        Ok(())
    }

    /// What lives in segments that are less than half alive, while the log is much larger than what
    /// lives.
    fn moves(&self, position: u64, kept: &[Kept]) -> Result<Vec<Vec<Move>>, LogError> {
        let sealed = self.log.sealed();
        let live = live_bytes(&sealed, kept);
        let size = |one: &SegmentFacts| one.end - one.base;
        let total: u64 = sealed.iter().map(size).sum();
        let alive: u64 = live.values().sum();
        if total <= alive * 2 + 2 * self.options.segment_bytes {
            return Ok(Vec::new());
        }
        let sparse = |one: &&SegmentFacts| {
            let bytes = live.get(&one.base).copied().unwrap_or(0);
            one.end <= position && bytes > 0 && bytes * 2 < size(one)
        };
        let sparse: Vec<SegmentFacts> = sealed.iter().filter(sparse).copied().collect();
        let inside =
            |run: Stored| sparse.iter().any(|one| (one.base..one.end).contains(&run.position));
        let moving = kept.iter().filter(|one| one.stored.iter().any(inside));
        self.gather_moves(moving)
    }

    fn gather_moves<'a>(
        &self,
        moving: impl Iterator<Item = &'a Kept>,
    ) -> Result<Vec<Vec<Move>>, LogError> {
        let mut fetcher = Fetcher::new(Archive::new(&*self.disk));
        let mut moves: Vec<Vec<Move>> = Vec::new();
        let mut bytes = u64::MAX;
        for one in moving {
            if bytes >= MOVE_BYTES_MAX {
                moves.push(Vec::new());
                bytes = 0;
            }
            let from = one.stored.to_vec();
            let batch = fetcher.fetch(&from)?;
            bytes += batch.resident_bytes() as u64;
            if let Some(last) = moves.last_mut() {
                last.push(Move { from, batch, to: None });
            }
        }
        Ok(moves)
    }
}

/// Bytes of live messages by the segment that holds them.
fn live_bytes(sealed: &[SegmentFacts], kept: &[Kept]) -> HashMap<u64, u64> {
    let ends: BTreeMap<u64, u64> = sealed.iter().map(|one| (one.base, one.end)).collect();
    let mut live = HashMap::new();
    for one in kept {
        let messages = u64::from(one.stored.messages());
        for run in one.stored.iter() {
            let holder = ends.range(..=run.position).next_back();
            if let Some((base, _)) = holder.filter(|(_, end)| run.position < **end) {
                *live.entry(*base).or_default() += one.bytes * u64::from(run.len) / messages.max(1);
            }
        }
    }
    live
}

/// The disk of a journal, for those who only look at it.
pub(crate) fn newest_position(disk: &dyn Disk) -> Result<Option<u64>, LogError> {
    Ok(checkpoint::newest(disk)?.map(|found| found.position))
}
