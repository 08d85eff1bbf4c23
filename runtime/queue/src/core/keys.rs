//! Order by key: which keys are held by a lease, and what waits behind them.

use std::collections::{BTreeMap, VecDeque};

use super::hashed::Hashed;
use super::lease::LeaseId;
use super::pending::{Copied, Pending, Place};
use crate::codec::{Codec, Malformed, codec_struct};
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

/// One key.
#[derive(Debug, Default)]
pub(super) struct Key {
    /// The lease that holds messages of it.
    holder: Option<LeaseId>,
    /// Messages of it that are parked for a retry.
    retries: u32,
    /// Dead letters that must be redriven or purged before it goes on.
    letters: u32,
    in_ready: bool,
    /// Redriven messages, then what was passed over, in order.
    queue: VecDeque<Pending>,
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

impl Key {
    /// What of the queue may go now: everything, only redriven messages, or nothing.
    fn leasable(&self) -> usize {
        if self.holder.is_some() {
            return 0;
        }
        if self.retries == 0 && self.letters == 0 {
            return self.queue.len();
        }
        self.queue.iter().take_while(|pending| pending.redriven).count()
    }

    fn is_idle(&self) -> bool {
        self.holder.is_none() && self.retries == 0 && self.letters == 0 && self.queue.is_empty()
    }
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

    pub(super) fn visit(&mut self, visit: &mut dyn FnMut(&mut Copied)) {
        for pending in self.keys.values_mut().flat_map(|key| &mut key.queue) {
            pending.visit_copy(visit);
        }
    }

    /// Takes the copies out of the queues that are meant.
    pub(super) fn take_copies(&mut self, meant: &dyn Fn(&Pending) -> bool) -> Vec<Pending> {
        let mut hashes: Vec<u64> = self.keys.keys().copied().collect();
        hashes.sort_unstable();
        let mut taken = Vec::new();
        for hash in hashes {
            let Some(key) = self.keys.get_mut(&hash) else { continue };
            let queue = std::mem::take(&mut key.queue);
            let (gone, left): (Vec<Pending>, VecDeque<Pending>) = {
                let mut gone = Vec::new();
                let mut left = VecDeque::new();
                for pending in queue {
                    if meant(&pending) { gone.push(pending) } else { left.push_back(pending) }
                }
                (gone, left)
            };
            key.queue = left;
            self.waiting -= gone.len() as u64;
            taken.extend(gone);
            self.refresh(hash);
        }
        taken
    }

    /// All that waits, whatever its key.
    pub(super) fn into_waiting(self) -> Vec<Pending> {
        self.keys.into_values().flat_map(|key| key.queue).collect()
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

    /// A message joins the end of its key's queue.
    pub(super) fn push_back(&mut self, pending: Pending) {
        let hash = self.count(&pending);
        self.keys.entry(hash).or_default().queue.push_back(pending);
        self.refresh(hash);
    }

    /// A message goes back to the front of its key's queue, behind nothing but redriven ones.
    pub(super) fn push_front(&mut self, pending: Pending) {
        let hash = self.count(&pending);
        let queue = &mut self.keys.entry(hash).or_default().queue;
        let behind = if pending.redriven {
            0
        } else {
            queue.iter().take_while(|waiting| waiting.redriven).count()
        };
        queue.insert(behind, pending);
    }

    /// A redriven message waits behind those redriven before.
    pub(super) fn push_redriven(&mut self, pending: Pending) {
        let hash = self.count(&pending);
        let queue = &mut self.keys.entry(hash).or_default().queue;
        let behind = queue.iter().take_while(|waiting| waiting.redriven).count();
        queue.insert(behind, pending);
        self.refresh(hash);
    }

    /// The next ready key, which is then no longer in line.
    pub(super) fn next_ready(&mut self, lane: usize) -> Option<u64> {
        let hash = self.ready[lane].pop_front()?;
        if let Some(key) = self.keys.get_mut(&hash) {
            key.in_ready = false;
        }
        Some(hash)
    }

    /// Takes waiting messages of the key while `fits` says so; `lease` then holds the key.
    pub(super) fn take(
        &mut self,
        hash: u64,
        lease: LeaseId,
        mut fits: impl FnMut(&Pending) -> bool,
    ) -> Vec<Pending> {
        let Some(key) = self.keys.get_mut(&hash) else { return Vec::new() };
        let leasable = key.leasable();
        let taken = key.queue.iter().take(leasable).take_while(|pending| fits(pending)).count();
        let taken: Vec<Pending> = key.queue.drain(..taken).collect();
        self.waiting -= taken.len() as u64;
        for sequence in taken.iter().filter_map(sequence_of) {
            self.sequences.remove(&sequence);
        }
        if taken.is_empty() {
            self.refresh(hash);
        } else {
            key.holder = Some(lease);
        }
        taken
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

    /// Takes the message that is `sequence` in the log out of its key's queue.
    pub(super) fn remove(&mut self, sequence: u64) -> Option<Pending> {
        let hash = self.sequences.remove(&sequence)?;
        let key = self.keys.get_mut(&hash)?;
        let at = key.queue.iter().position(|pending| sequence_of(pending) == Some(sequence))?;
        let pending = key.queue.remove(at);
        self.waiting -= 1;
        self.refresh(hash);
        pending
    }

    /// Takes up to `max` redriven messages out of the queues.
    pub(super) fn take_redriven(&mut self, max: usize) -> Vec<Pending> {
        let is_redriven = |key: &Key| key.queue.front().is_some_and(|first| first.redriven);
        // All of them in one order, whatever order the map has them in.
        let redriven = self.keys.iter().filter(|(_, key)| is_redriven(key));
        let mut hashes: Vec<u64> = redriven.map(|(hash, _)| *hash).collect();
        hashes.sort_unstable();
        hashes.truncate(max);
        let mut taken = Vec::new();
        for hash in hashes {
            let Some(key) = self.keys.get_mut(&hash) else { continue };
            while taken.len() < max && is_redriven(key) {
                taken.extend(key.queue.pop_front());
                self.waiting -= 1;
            }
            self.refresh(hash);
        }
        taken
    }

    /// Takes all that waits, whatever its key, and forgets who holds what.
    pub(super) fn clear(&mut self) -> Vec<Pending> {
        let stopped: Vec<(u64, u32)> = self
            .keys
            .iter()
            .filter(|(_, key)| key.letters > 0)
            .map(|(h, k)| (*h, k.letters))
            .collect();
        let taken = self.keys.drain().flat_map(|(_, key)| key.queue).collect();
        *self = Self { share: self.share, ..Self::default() };
        for (hash, letters) in stopped {
            self.keys.insert(hash, Key { letters, ..Key::default() });
        }
        taken
    }

    /// Counts a message that begins to wait; answers its key.
    fn count(&mut self, pending: &Pending) -> u64 {
        self.waiting += 1;
        if let Some(sequence) = sequence_of(pending) {
            self.sequences.insert(sequence, pending.hash);
        }
        pending.hash
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

codec_struct!(Key { holder, retries, letters, in_ready, queue });

impl Codec for Keys {
    fn put(&self, out: &mut Vec<u8>) {
        let mut hashes: Vec<u64> = self.keys.keys().copied().collect();
        hashes.sort_unstable();
        (hashes.len() as u32).put(out);
        for hash in hashes {
            hash.put(out);
            self.keys[&hash].put(out);
        }
        let [old, trial] = &self.ready;
        old.put(out);
        trial.put(out);
        self.share.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let mut keys = Self::default();
        for _ in 0..crate::codec::count(from, 1)? {
            let (hash, key) = (u64::get(from)?, Key::get(from)?);
            key.queue.iter().for_each(|pending| {
                keys.count(pending);
            });
            keys.keys.insert(hash, key);
        }
        keys.ready = [Codec::get(from)?, Codec::get(from)?];
        keys.share = Codec::get(from)?;
        Ok(keys)
    }
}
