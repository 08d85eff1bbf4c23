//! Order by key: which keys are held by a lease, and what waits behind them.

mod key;
mod queues;
mod saved;

use std::collections::{BTreeMap, VecDeque};

use self::key::Key;
use super::hashed::Hashed;
use super::lease::LeaseId;
use super::pending::{Pending, Place};
use crate::rules::KeyRange;

/// The keys of one subscription that are not simply free.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: Hashed<u64, Key>,
    /// Keys whose waiting messages can go, in the order in which they became ready: those of the
    /// version that served before, and those in the share of one on trial.
    ready: [VecDeque<u64>; 2],
    /// The share of the version on trial.
    share: Option<KeyRange>,
    /// Messages that wait behind all keys.
    waiting: u64,
    /// Those of them that are in the log, by sequence number, with their key.
    sequences: BTreeMap<u64, u64>,
}

/// Who may have a message of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// Nobody holds the key and nothing waits: it may be taken from the log.
    Free,
    /// The asking lease holds it.
    Mine,
    /// Others hold it, or something waits before.
    Busy,
}

impl Keys {
    /// Messages that wait behind a key.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Whether some key's messages can go.
    pub(super) fn has_ready(&self) -> bool {
        self.ready.iter().any(|ready| !ready.is_empty())
    }

    /// From now on a version on trial has these keys, or there is none.
    pub(super) fn share_out(&mut self, share: Option<KeyRange>) {
        self.share = share;
        let ready = std::mem::take(&mut self.ready);
        for hash in ready.into_iter().flatten() {
            let lane = self.lane_of(hash);
            self.ready[lane].push_back(hash);
        }
    }

    fn lane_of(&self, hash: u64) -> usize {
        usize::from(self.share.is_some_and(|share| share.contains(hash)))
    }

    /// Sequence numbers that a lease of up to `messages` messages may look at behind ready keys.
    pub(super) fn ready_sequences(&self, messages: usize) -> impl Iterator<Item = u64> {
        let keys = self.ready.iter().flat_map(|ready| ready.iter().take(super::MAX_STEP_MESSAGES));
        let queues = keys.filter_map(|hash| self.keys.get(hash));
        queues.flat_map(move |key| key.queue.iter().take(messages).filter_map(sequence_of))
    }

    pub(super) fn ready_len(&self, lane: usize) -> usize {
        self.ready[lane].len()
    }

    /// Whether `lease` may take the next message of the key from the log; holds the key if so.
    pub(super) fn claim(&mut self, hash: u64, lease: LeaseId) -> Holding {
        use std::collections::hash_map::Entry;
        match self.keys.entry(hash) {
            Entry::Vacant(free) => {
                free.insert(Key { holder: Some(lease), ..Key::default() });
                Holding::Free
            }
            Entry::Occupied(key)
                if key.get().holder == Some(lease) && key.get().queue.is_empty() =>
            {
                Holding::Mine
            }
            Entry::Occupied(_) => Holding::Busy,
        }
    }

    /// Whether the key could be held by a new lease now.
    pub(super) fn is_held(&self, hash: u64) -> bool {
        self.keys.get(&hash).is_some_and(|key| key.holder.is_some())
    }

    /// `lease` takes the key's parked message.
    pub(super) fn unpark(&mut self, hash: u64, lease: LeaseId) {
        if let Some(key) = self.keys.get_mut(&hash) {
            key.retries -= 1;
            key.holder = Some(lease);
        }
        self.refresh(hash);
    }

    /// A parked message of the key is gone.
    pub(super) fn forget_parked(&mut self, hash: u64) {
        if let Some(key) = self.keys.get_mut(&hash) {
            key.retries -= 1;
        }
        self.refresh(hash);
    }

    /// A message of the key is parked.
    pub(super) fn park(&mut self, hash: u64) {
        self.keys.entry(hash).or_default().retries += 1;
        self.refresh(hash);
    }

    /// A dead letter stops the key.
    pub(super) fn stop(&mut self, hash: u64) {
        self.keys.entry(hash).or_default().letters += 1;
        self.refresh(hash);
    }

    /// A dead letter that stopped the key is redriven or purged.
    pub(super) fn unstop(&mut self, hash: u64) {
        if let Some(key) = self.keys.get_mut(&hash) {
            key.letters = key.letters.saturating_sub(1);
        }
        self.refresh(hash);
    }

    pub(super) fn is_stopped(&self, hash: u64) -> bool {
        self.keys.get(&hash).is_some_and(|key| key.letters > 0)
    }

    /// The next ready key, which is then no longer in line.
    pub(super) fn next_ready(&mut self, lane: usize) -> Option<u64> {
        let hash = self.ready[lane].pop_front()?;
        if let Some(key) = self.keys.get_mut(&hash) {
            key.in_ready = false;
        }
        Some(hash)
    }

    /// The lease that held the key has ended.
    pub(super) fn release(&mut self, hash: u64) {
        if let Some(key) = self.keys.get_mut(&hash) {
            key.holder = None;
        }
        self.refresh(hash);
    }

    /// Waiting messages of the log.
    pub(super) fn sequences(&self) -> impl Iterator<Item = u64> {
        self.sequences.keys().copied()
    }

    /// The first waiting message of the log from `sequence` on.
    pub(super) fn next_sequence(&self, sequence: u64) -> Option<u64> {
        self.sequences.range(sequence..).next().map(|(at, _)| *at)
    }

    /// Puts the key where it belongs: in line if its messages can go, away if nothing is left.
    fn refresh(&mut self, hash: u64) {
        let lane = self.lane_of(hash);
        let Some(key) = self.keys.get_mut(&hash) else { return };
        let (leasable, idle) = (key.leasable() > 0, key.is_idle());
        match (std::mem::replace(&mut key.in_ready, leasable), leasable) {
            (false, true) => self.ready[lane].push_back(hash),
            (true, false) => self.ready[lane].retain(|ready| *ready != hash),
            (true, true) | (false, false) => {}
        }
        if idle {
            self.keys.remove(&hash);
        }
    }
}

fn sequence_of(pending: &Pending) -> Option<u64> {
    match pending.place {
        Place::Log(sequence) => Some(sequence),
        Place::Copy(_) => None,
    }
}
