//! Choosing the messages of one lease: retries that are due, keys that are ready, runs that wait
//! again, then the log.

mod available;
mod parked;

use std::ops::Range;
use std::time::Duration;

use millstream_message::Batch;

use self::available::take_available;
use self::parked::take_parked;
use super::by_key::take_by_key;
use super::lease::{Histories, LeaseId};
use super::pending::{Pending, Place};
use super::serving::TRIAL;
use super::spans::{Budget, Taken, push_joined};
use super::subscription::{STRICT, Subscription};
use super::topic::Topic;
use super::{Core, MAX_STEP_MESSAGES};
use crate::clock::Now;

/// Messages for one lease.
#[derive(Debug, Default)]
pub(super) struct Haul {
    pub(super) parts: Vec<Batch>,
    /// Those of the log, as runs of sequence numbers.
    pub(super) runs: Vec<Range<u64>>,
    /// Each message, where they are not simply the runs, delivered equally often and never failed.
    pub(super) items: Option<Vec<Pending>>,
    /// Times that the runs were delivered, this one included.
    pub(super) deliveries: u32,
    /// Keys that the lease holds from now on.
    pub(super) keys: Vec<u64>,
    /// Messages that are too old.
    pub(super) expired: Vec<Pending>,
    /// When to look again if nothing was found.
    pub(super) look_again: Option<Duration>,
    /// Whether there is more to look at than one step may.
    pub(super) unfinished: bool,
}

impl Haul {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn look_again(at: Duration) -> Self {
        Self { look_again: Some(at), ..Self::default() }
    }

    pub(super) fn histories(&self) -> Histories {
        match &self.items {
            None => Histories::Uniform(self.deliveries),
            Some(items) => Histories::Each(items.iter().map(|item| item.history).collect()),
        }
    }
}

impl Core {
    /// What subscription `place` has for `lease`.
    pub(super) fn haul(&mut self, place: usize, lease: LeaseId, budget: Budget, now: Now) -> Haul {
        let subscription = &mut self.subscriptions[place];
        let topic = &mut self.topics[subscription.rules.topic.0 as usize];
        topic.seal();
        if subscription.strict() {
            return strict(subscription, topic, lease, budget, now);
        }
        let parked_first = subscription.parked_first;
        let mut haul = Haul::default();
        for parked in [parked_first, !parked_first] {
            let found = match parked {
                true => take_parked(subscription, lease, budget, now),
                false => take_waiting(subscription, topic, lease, budget, now),
            };
            haul.absorb(found);
            if !haul.is_empty() {
                subscription.parked_first = !parked;
                break;
            }
        }
        haul
    }
}

impl Haul {
    /// Adds what a further lane gave; the lanes before gave no message.
    fn absorb(&mut self, found: Self) {
        let expired = std::mem::take(&mut self.expired);
        let look_again = self.look_again.into_iter().chain(found.look_again).min();
        let unfinished = self.unfinished || found.unfinished;
        *self = Self { look_again, unfinished, ..found };
        self.expired.extend(expired);
    }
}

/// One lease at a time, and nothing passes a message that failed.
fn strict(
    subscription: &mut Subscription,
    topic: &mut Topic,
    lease: LeaseId,
    budget: Budget,
    now: Now,
) -> Haul {
    if subscription.counters.in_flight > 0 {
        return Haul::default();
    }
    match subscription.parking.next_due() {
        None if subscription.parking.withheld() > 0 => Haul::default(),
        Some(due) if due > now.monotonic => Haul::look_again(due),
        Some(_) => take_parked(subscription, lease, budget, now),
        None if subscription.keys.is_stopped(STRICT) => Haul::default(),
        None => take_log(subscription, topic, lease, budget, now),
    }
}

/// What waits without being parked: ready keys, runs that wait again, the log.
fn take_waiting(
    subscription: &mut Subscription,
    topic: &mut Topic,
    lease: LeaseId,
    budget: Budget,
    now: Now,
) -> Haul {
    let mut haul = Haul::default();
    if subscription.keys.has_ready() {
        haul = take_ready(subscription, topic, lease, budget);
        if !haul.is_empty() {
            return haul;
        }
    }
    haul.absorb(take_log(subscription, topic, lease, budget, now));
    haul
}

/// What waits behind keys that are free again.
fn take_ready(
    subscription: &mut Subscription,
    topic: &Topic,
    lease: LeaseId,
    budget: Budget,
) -> Haul {
    let mut haul = Haul { items: Some(Vec::new()), ..Haul::default() };
    let (mut messages, mut bytes, mut not_mine) = (0, 0, Vec::new());
    let lanes: &[usize] = match budget.lane {
        None => &[0, TRIAL],
        Some(0) => &[0],
        Some(_) => &[TRIAL],
    };
    let looks = lanes.iter().flat_map(|&lane| {
        let ready = subscription.keys.ready_len(lane).min(MAX_STEP_MESSAGES);
        std::iter::repeat_n(lane, ready)
    });
    for lane in looks.collect::<Vec<usize>>() {
        if messages >= budget.messages || bytes >= budget.bytes {
            break;
        }
        let Some(hash) = subscription.keys.next_ready(lane) else { break };
        if budget.keys.is_some_and(|keys| !keys.contains(hash)) {
            not_mine.push(hash);
            continue;
        }
        let taken = subscription.keys.take(hash, lease, |pending| {
            let size = pending.message(topic).map_or(0, |message| message.bytes() as u64);
            let joins = bytes + size <= budget.bytes && !pending.alone;
            let fits = messages < budget.messages && (messages == 0 || joins);
            messages += match fits {
                true if pending.alone => budget.messages,
                fits => usize::from(fits),
            };
            bytes += if fits { size } else { 0 };
            fits
        });
        if !haul.add_taken(topic, taken, budget) {
            not_mine.push(hash);
            continue;
        }
        haul.keys.push(hash);
    }
    // Keys of others, and those whose messages were all too old.
    not_mine.into_iter().for_each(|hash| subscription.keys.release(hash));
    haul
}

impl Haul {
    /// With these messages of the log.
    fn with_runs(self, taken: Taken) -> Self {
        let Taken { parts, runs, .. } = taken;
        Self { parts, runs, ..self }
    }

    /// Adds waiting messages; false when all of them were too old.
    fn add_taken(&mut self, topic: &Topic, taken: Vec<Pending>, budget: Budget) -> bool {
        let before = self.parts.len();
        for mut pending in taken {
            let Some(message) = pending.message(topic) else { continue };
            if pending.expires_in(topic) <= budget.wall_ms {
                self.expired.push(pending);
                continue;
            }
            pending.history.deliveries += 1;
            if let Place::Log(sequence) = pending.place {
                push_joined(&mut self.runs, sequence..sequence + 1);
            }
            self.parts.push(message);
            self.items.get_or_insert_default().push(pending);
        }
        self.parts.len() > before
    }
}

/// Messages of the log: runs that wait again first, then what was never leased.
fn take_log(
    subscription: &mut Subscription,
    topic: &mut Topic,
    lease: LeaseId,
    budget: Budget,
    now: Now,
) -> Haul {
    if subscription.available_messages > 0 {
        let haul = take_available(subscription, topic, budget);
        if !haul.is_empty() || subscription.strict() {
            return haul;
        }
        let mut all = haul;
        all.absorb(take_new(subscription, topic, lease, budget, now));
        return all;
    }
    take_new(subscription, topic, lease, budget, now)
}

/// What was never leased.
fn take_new(
    subscription: &mut Subscription,
    topic: &mut Topic,
    lease: LeaseId,
    budget: Budget,
    now: Now,
) -> Haul {
    if subscription.is_parking_full() {
        return Haul::default();
    }
    let Some(entry) = find_cursor(subscription, topic) else { return Haul::default() };
    let full_at = topic.log[entry].arrived + subscription.rules.batch_wait;
    let mut keys = Vec::new();
    let run = subscription.cursor..topic.next;
    let taken = match subscription.by_key() {
        true => take_by_key(
            subscription,
            topic,
            entry,
            lease,
            budget,
            &mut keys,
            full_at > now.monotonic,
        ),
        false => Some(Taken::from_run(topic, run, entry, budget, true)),
    };
    let Some(taken) = taken else { return Haul::look_again(full_at) };
    let waits = !subscription.by_key() && !taken.cut && budget.keys.is_none();
    if waits && full_at > now.monotonic {
        return Haul::look_again(full_at);
    }
    let Some(end) = taken.end else { return Haul::default() };
    let started_at = std::mem::replace(&mut subscription.cursor, end);
    subscription.gone_ahead -= taken.gone;
    topic.reached = topic.reached.max(end);
    for left in &taken.left {
        subscription.add_available(left.clone(), 0, 0);
    }
    let hash = |at: u64| match (subscription.by_key(), topic.find(at)) {
        (true, Some((entry, i))) => entry.hash(i),
        _ => 0,
    };
    let expired = taken.expired.iter().map(|&at| Pending::of_log(at, hash(at))).collect();
    let unfinished = taken.parts.is_empty() && end > started_at && end < topic.next;
    let Taken { parts, runs, .. } = taken;
    Haul { parts, runs, deliveries: 1, keys, expired, unfinished, ..Haul::default() }
}

/// Place in the log of the entry that holds the cursor; none at the log's end.
fn find_cursor(subscription: &mut Subscription, topic: &Topic) -> Option<usize> {
    let first = topic.log.front().map_or(topic.next, |entry| entry.base);
    if subscription.cursor < first {
        // Everything before was let go: it was gone for this subscription too.
        subscription.gone_ahead -= first - subscription.cursor;
        subscription.cursor = first;
    }
    let mut place = subscription.cursor_entry.saturating_sub(topic.removed) as usize;
    while topic.log.get(place)?.end() <= subscription.cursor {
        place += 1;
    }
    subscription.cursor_entry = topic.removed + place as u64;
    Some(place)
}
