//! Choosing the messages of one lease: retries that are due, keys that are ready, runs that wait
//! again, then the log.

use std::ops::Range;
use std::time::Duration;

use millstream_message::Batch;

use super::by_key::take_by_key;
use super::lease::{Histories, History, LeaseId};
use super::pending::{Due, Pending, Place};
use super::serving::TRIAL;
use super::spans::{Budget, Taken, push_joined};
use super::subscription::{STRICT, Span, Subscription};
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

/// Parked messages that are due: one that must travel alone, or several others.
fn take_parked(subscription: &mut Subscription, lease: LeaseId, budget: Budget, now: Now) -> Haul {
    let Parked { due, expired, others, unfinished } = due_keys(subscription, budget, now);
    let mut haul = Haul { unfinished, ..Haul::default() };
    if let Some((lane, last)) = budget.lane.zip(others) {
        subscription.parking.pass(lane, last);
    }
    for key in expired {
        if let Some(pending) = subscription.parking.remove(&key) {
            subscription.keys.forget_parked(pending.hash);
            haul.expired.push(pending);
        }
    }
    let mut taken: Vec<Pending> =
        due.iter().filter_map(|key| subscription.parking.remove(key)).collect();
    for pending in &mut taken {
        pending.history.deliveries += 1;
        haul.parts.extend(pending.copy().cloned());
        if pending.hash != 0 {
            subscription.keys.unpark(pending.hash, lease);
            haul.keys.push(pending.hash);
        }
    }
    haul.items = Some(taken);
    haul.look_again = subscription.parking.next_due().filter(|&due| due > now.monotonic);
    haul
}

/// Parked messages by their keys, in order of their due times.
struct Parked {
    /// Those that one lease takes.
    due: Vec<Due>,
    /// Those that are too old.
    expired: Vec<Due>,
    /// The last of the first ones, if those are all another version's.
    others: Option<Due>,
    /// Whether there may be more behind those that were looked at.
    unfinished: bool,
}

fn due_keys(subscription: &Subscription, budget: Budget, now: Now) -> Parked {
    let mut held = std::collections::HashSet::new();
    let (mut keys, mut expired, mut bytes, mut looked_at) = (Vec::new(), Vec::new(), 0, 0);
    let (mut last_of_others, mut seen_own) = (None, false);
    let due = subscription.parking.due(now.monotonic, budget.lane);
    for (key, pending) in due.take(MAX_STEP_MESSAGES) {
        looked_at += 1;
        let Some(message) = pending.copy() else { continue };
        if pending.expires_ms() <= budget.wall_ms {
            expired.push(*key);
            continue;
        }
        let hash = pending.hash;
        let others = budget.keys.is_some_and(|keys| !keys.contains(message.get(0).key_hash()));
        if others && budget.strict {
            break;
        }
        seen_own |= !others;
        last_of_others = if seen_own { last_of_others } else { Some(*key) };
        if others || (hash != 0 && (subscription.keys.is_held(hash) || !held.insert(hash))) {
            continue;
        }
        bytes += message.bytes() as u64;
        let is_first = keys.is_empty();
        if !is_first && (pending.alone || bytes > budget.bytes || keys.len() == budget.messages) {
            break;
        }
        keys.push(*key);
        if pending.alone {
            break;
        }
    }
    let unfinished = looked_at == MAX_STEP_MESSAGES;
    Parked { due: keys, expired, others: last_of_others, unfinished }
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

/// Runs that wait again, in order, as far as they have the same history.
fn take_available(subscription: &mut Subscription, topic: &Topic, budget: Budget) -> Haul {
    let mut haul = Haul::default();
    let mut all = Taken::default();
    let mut looked_at = 0;
    let mut from = budget.lane.map_or(0, |lane| subscription.begin_behind(lane));
    while looked_at < MAX_STEP_MESSAGES as u64 {
        let Some((&start, &span)) = subscription.available.range(from..).next() else {
            return haul.with_runs(all);
        };
        // What was under lease in a crash may have caused it: it travels alone.
        let alone = span.crashes > 0;
        let joins = !alone && !budget.strict && haul.deliveries == span.deliveries + 1;
        if !all.parts.is_empty() && !joins {
            return haul.with_runs(all);
        }
        let of_one = if alone { Budget { messages: 1, ..budget } } else { budget };
        let mut taken = Taken::beside(&all);
        taken.add_run(topic, start..span.end, topic.entry_of(start), of_one, false);
        let looked_to = taken.end.unwrap_or(start);
        looked_at += (looked_to - start).max(1);
        from = looked_to.max(start + 1);
        let Span { deliveries, crashes, .. } = span;
        let history = History { deliveries, crashes, ..History::default() };
        let expired = taken.expired.iter();
        haul.expired.extend(expired.map(|&at| Pending { history, ..Pending::of_log(at, 0) }));
        if !taken.parts.is_empty() || !taken.expired.is_empty() {
            take_out(subscription, start, span, &taken);
        }
        if let Some(lane) = budget.lane.filter(|_| looked_to > start) {
            subscription.passed[lane] = looked_to;
        }
        if taken.parts.is_empty() {
            if taken.cut || (budget.strict && taken.expired.is_empty()) {
                return haul.with_runs(all);
            }
            continue;
        }
        haul.deliveries = deliveries + 1;
        let cut = taken.cut;
        all.join(taken);
        if alone {
            let history = History { deliveries: deliveries + 1, ..history };
            let one = |at| Pending { history, alone, ..Pending::of_log(at, 0) };
            haul.items = Some(all.runs.iter().cloned().flatten().map(one).collect());
        }
        if alone || cut || budget.strict {
            return haul.with_runs(all);
        }
    }
    haul.unfinished = all.parts.is_empty();
    haul.with_runs(all)
}

/// Leaves of a run what was not taken out of it.
fn take_out(subscription: &mut Subscription, start: u64, span: Span, taken: &Taken) {
    subscription.available.remove(&start);
    subscription.available_messages -= span.end - start;
    let rest = taken.end.unwrap_or(start)..span.end;
    for left in taken.left.iter().cloned().chain([rest]).filter(|left| !left.is_empty()) {
        subscription.available_messages += left.end - left.start;
        subscription.available.insert(left.start, Span { end: left.end, ..span });
    }
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
