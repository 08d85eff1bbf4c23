//! Taking from the log under order by key: what nobody holds goes, the rest joins its key's queue.

use std::ops::Range;

use millstream_message::Batch;

use super::MAX_STEP_MESSAGES;
use super::entry::{Entry, Segment};
use super::keys::Holding;
use super::lease::LeaseId;
use super::pending::Pending;
use super::spans::{Budget, Taken, push_joined};
use super::subscription::Subscription;
use super::topic::Topic;
use crate::rules::KeyRange;

/// Takes from the log whose keys nobody holds; the others join their key's queue.
pub(super) fn take_by_key(
    subscription: &mut Subscription,
    topic: &Topic,
    first_entry: usize,
    lease: LeaseId,
    budget: Budget,
    held: &mut Vec<u64>,
    may_wait: bool,
) -> Option<Taken> {
    let waiting: u64 = topic.next - subscription.cursor;
    if may_wait && budget.keys.is_none() && waiting < budget.messages as u64 {
        return None;
    }
    let mut scan =
        KeyScan { subscription, lease, budget, held, taken: Taken::default(), looked_at: 0 };
    for entry in topic.log.iter().skip(first_entry) {
        if !scan.entry(entry) {
            break;
        }
    }
    Some(scan.taken)
}

/// One pass over the log for messages whose keys are free.
struct KeyScan<'a> {
    subscription: &'a mut Subscription,
    lease: LeaseId,
    budget: Budget,
    held: &'a mut Vec<u64>,
    taken: Taken,
    looked_at: usize,
}

impl KeyScan<'_> {
    /// False when the pass ends in this entry.
    fn entry(&mut self, entry: &Entry) -> bool {
        let start = self.subscription.cursor.max(self.taken.end.unwrap_or(0));
        let mut rest = start.saturating_sub(entry.base) as usize..entry.len();
        while !rest.is_empty() {
            let (segment, places) = entry.segment(rest.clone(), self.budget.wall_ms, true);
            let places =
                places.start..places.end.min(places.start + MAX_STEP_MESSAGES - self.looked_at);
            if places.is_empty() {
                return false;
            }
            rest.start = places.end;
            self.looked_at += places.len();
            let end = entry.base + places.end as u64;
            match (segment, entry.batch()) {
                (Segment::Present, Some(batch)) => {
                    if !self.present(entry, batch, places) {
                        return false;
                    }
                }
                // Not at hand: whoever asked did not fetch it before. It is not passed over.
                (Segment::Present, None) => {
                    self.taken.end = Some(entry.base + places.start as u64);
                    self.taken.cut = true;
                    return false;
                }
                (Segment::Expired, _) => {
                    self.taken.expired.extend(entry.base + places.start as u64..end)
                }
                _ => self.taken.gone += places.len() as u64,
            }
            self.taken.end = Some(end);
        }
        true
    }

    /// Takes runs of messages whose keys are free; false when the budget ends the pass.
    fn present(&mut self, entry: &Entry, batch: &Batch, places: Range<usize>) -> bool {
        let allowed = self.taken.fitting(batch, places.clone(), self.budget.bytes);
        let mut run = places.start..places.start;
        for i in places.clone() {
            let full = self.taken.messages + run.len() == self.budget.messages;
            let claimed = match full || i >= allowed.end {
                true => None,
                false => self.claim(entry.hash(i)),
            };
            match claimed {
                Some(true) if self.is_keyless_of_others(entry, batch, i) => {
                    self.flush(entry, batch, run);
                    let sequence = entry.base + i as u64;
                    push_joined(&mut self.taken.left, sequence..sequence + 1);
                    run = i + 1..i + 1;
                }
                Some(true) => run.end = i + 1,
                Some(false) => {
                    self.flush(entry, batch, run);
                    let sequence = entry.base + i as u64;
                    self.subscription.keys.push_back(Pending::of_log(sequence, entry.hash(i)));
                    self.taken.end = Some(sequence + 1);
                    run = i + 1..i + 1;
                }
                None => {
                    self.flush(entry, batch, run);
                    self.taken.end = Some(entry.base + i as u64);
                    self.taken.cut = true;
                    return false;
                }
            }
        }
        self.flush(entry, batch, run);
        true
    }

    /// Whether the next message of the key is the lease's; none when nothing more may be passed.
    fn claim(&mut self, hash: u64) -> Option<bool> {
        let mine = |keys: KeyRange| keys.contains(hash);
        if hash == 0 {
            return Some(true);
        }
        let in_range = self.budget.keys.is_none_or(mine);
        if in_range {
            match self.subscription.keys.claim(hash, self.lease) {
                Holding::Free => {
                    self.held.push(hash);
                    return Some(true);
                }
                Holding::Mine => return Some(true),
                Holding::Busy => {}
            }
        }
        (!self.subscription.is_parking_full()).then_some(false)
    }

    /// Messages without a key are shared out by their ids.
    fn is_keyless_of_others(&self, entry: &Entry, batch: &Batch, i: usize) -> bool {
        let others = |keys: KeyRange| !keys.contains(batch.get(i).key_hash());
        self.budget.keys.is_some_and(others) && entry.hash(i) == 0
    }

    fn flush(&mut self, entry: &Entry, batch: &Batch, run: Range<usize>) {
        if !run.is_empty() {
            self.taken.take(entry.base, batch, run);
        }
    }
}
