//! Messages that everybody is done with and that stay for a while: for a seek back, and for who comes later.

use std::time::Duration;

use millstream_message::Batch;

use super::Topic;

impl Topic {
    /// An entry that everybody is done with is kept for a while, or let go.
    pub(super) fn retain_if_settled(&mut self, place: usize, released: &mut Vec<Batch>) {
        let entry = &mut self.log[place];
        if entry.is_live() || entry.is_released() {
            return;
        }
        if self.rules.retain.is_zero() {
            self.bytes -= entry.charged;
            self.stored_bytes -= if entry.is_stored() { entry.charged } else { 0 };
            released.extend(entry.release());
        } else if self.retained.insert(entry.base) {
            self.retained_bytes += entry.charged;
            self.retained_messages += entry.len() as u64;
        }
    }

    /// Retained messages give way, oldest first, when `bytes` more need room.
    pub(super) fn make_retained_room(&mut self, bytes: u64, released: &mut Vec<Batch>) {
        while self.bytes + bytes > self.rules.max_bytes {
            let Some(base) = self.retained.pop_first() else { break };
            self.retained_evicted += self.evict(base, released);
        }
        self.trim();
    }

    /// Lets go of retained messages that are older than `retain`. At most `entries_max` entries.
    pub(in crate::core) fn release_aged(
        &mut self,
        now: Duration,
        entries_max: usize,
        out: &mut Vec<Batch>,
    ) {
        for _ in 0..entries_max {
            if self.next_aged().is_none_or(|at| at > now) {
                break;
            }
            if let Some(base) = self.retained.pop_first() {
                self.evict(base, out);
            }
        }
        self.trim();
    }

    /// Lets go of retained messages below `below`: they were purged.
    pub(in crate::core) fn release_retained(&mut self, below: u64, released: &mut Vec<Batch>) {
        while let Some(base) = self.retained.first().copied().filter(|&base| base < below) {
            self.retained.remove(&base);
            self.evict(base, released);
        }
        self.trim();
    }

    /// Lets go of these entries if they are only retained.
    pub(in crate::core) fn let_go(&mut self, bases: &[u64], released: &mut Vec<Batch>) {
        for base in bases {
            if self.retained.remove(base) {
                self.evict(*base, released);
            }
        }
        self.trim();
    }

    fn evict(&mut self, base: u64, released: &mut Vec<Batch>) -> u64 {
        let place = self.entry_of(base);
        let Some(entry) = self.log.get_mut(place) else { return 0 };
        self.bytes -= entry.charged;
        self.stored_bytes -= if entry.is_stored() { entry.charged } else { 0 };
        self.retained_bytes -= entry.charged;
        self.retained_messages -= entry.len() as u64;
        released.extend(entry.release());
        entry.len() as u64
    }

    /// The retained entry at `place` is needed again.
    pub(in crate::core) fn unretain(&mut self, place: usize) {
        let entry = &self.log[place];
        if self.retained.remove(&entry.base) {
            self.retained_bytes -= entry.charged;
            self.retained_messages -= entry.len() as u64;
        }
    }

    /// When the oldest retained entry has been kept long enough: monotonic time.
    pub(super) fn next_aged(&self) -> Option<Duration> {
        let base = *self.retained.first()?;
        self.log.get(self.entry_of(base)).map(|entry| entry.completed + self.rules.retain)
    }
}
