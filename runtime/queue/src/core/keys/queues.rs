//! What waits behind keys: how it comes into their queues and out of them.

use std::collections::VecDeque;

use super::{Key, Keys, sequence_of};
use crate::core::lease::LeaseId;
use crate::core::pending::{Copied, Pending};

impl Keys {
    /// A message joins the end of its key's queue.
    pub(in crate::core) fn push_back(&mut self, pending: Pending) {
        let hash = self.count(&pending);
        self.keys.entry(hash).or_default().queue.push_back(pending);
        self.refresh(hash);
    }

    /// A message goes back to the front of its key's queue, behind nothing but redriven ones.
    pub(in crate::core) fn push_front(&mut self, pending: Pending) {
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
    pub(in crate::core) fn push_redriven(&mut self, pending: Pending) {
        let hash = self.count(&pending);
        let queue = &mut self.keys.entry(hash).or_default().queue;
        let behind = queue.iter().take_while(|waiting| waiting.redriven).count();
        queue.insert(behind, pending);
        self.refresh(hash);
    }

    /// Counts a message that begins to wait; answers its key.
    pub(super) fn count(&mut self, pending: &Pending) -> u64 {
        self.waiting += 1;
        if let Some(sequence) = sequence_of(pending) {
            self.sequences.insert(sequence, pending.hash);
        }
        pending.hash
    }

    /// Takes the copies out of the queues that are meant.
    pub(in crate::core) fn take_copies(
        &mut self,
        meant: &dyn Fn(&Pending) -> bool,
    ) -> Vec<Pending> {
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

    /// Takes up to `max` redriven messages out of the queues.
    pub(in crate::core) fn take_redriven(&mut self, max: usize) -> Vec<Pending> {
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

    /// Takes the message that is `sequence` in the log out of its key's queue.
    pub(in crate::core) fn remove(&mut self, sequence: u64) -> Option<Pending> {
        let hash = self.sequences.remove(&sequence)?;
        let key = self.keys.get_mut(&hash)?;
        let at = key.queue.iter().position(|pending| sequence_of(pending) == Some(sequence))?;
        let pending = key.queue.remove(at);
        self.waiting -= 1;
        self.refresh(hash);
        pending
    }

    /// Takes waiting messages of the key while `fits` says so; `lease` then holds the key.
    pub(in crate::core) fn take(
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

    /// Takes all that waits, whatever its key, and forgets who holds what.
    pub(in crate::core) fn clear(&mut self) -> Vec<Pending> {
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

    /// All that waits, whatever its key.
    pub(in crate::core) fn into_waiting(self) -> Vec<Pending> {
        self.keys.into_values().flat_map(|key| key.queue).collect()
    }

    pub(in crate::core) fn visit(&mut self, visit: &mut dyn FnMut(&mut Copied)) {
        for pending in self.keys.values_mut().flat_map(|key| &mut key.queue) {
            pending.visit_copy(visit);
        }
    }
}
