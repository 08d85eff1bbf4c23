//! Choosing the messages of one lease: parked ones that are due first, then the log.

use std::time::Duration;

use millstream_message::Batch;

use super::lease::{Held, Histories};
use super::spans::{Budget, Taken};
use super::subscription::{Parked, Span, Subscription};
use super::{Core, MAX_STEP_MESSAGES};
use crate::clock::Now;
use crate::rules::{KeyRange, LeaseRequest};

impl Core {
    /// Parked messages that are due: one that must travel alone, or several others.
    pub(super) fn take_parked(
        &mut self,
        request: &LeaseRequest,
        now: Now,
    ) -> Option<(Vec<Batch>, Histories, Held)> {
        let subscription = &mut self.subscriptions[request.subscription.0 as usize];
        let due = due_keys(subscription, request, now);
        if due.is_empty() {
            return None;
        }
        let mut taken: Vec<Parked> =
            due.iter().filter_map(|key| subscription.parked.remove(key)).collect();
        let topic = &mut self.topics[subscription.rules.topic.0 as usize];
        for parked in &mut taken {
            topic.unpark(&parked.message);
            parked.history.deliveries += 1;
        }
        let parts = taken.iter().map(|parked| parked.message.clone()).collect();
        let histories = Histories::Each(taken.iter().map(|parked| parked.history).collect());
        Some((parts, histories, Held::Parked(taken)))
    }

    /// Messages of the log: runs that wait again first, then what was never leased. The error says
    /// when to look again.
    pub(super) fn take_log(
        &mut self,
        request: &LeaseRequest,
        now: Now,
    ) -> Result<(Vec<Batch>, Histories, Held), Option<Duration>> {
        let place = request.subscription.0 as usize;
        if self.subscriptions[place].is_parking_full() {
            return Err(None);
        }
        let budget = budget(&self.subscriptions[place], request);
        match self.take_available(place, budget) {
            Some(found) => Ok(found),
            None => self.take_new(place, budget, now),
        }
    }

    fn take_available(
        &mut self,
        place: usize,
        budget: Budget,
    ) -> Option<(Vec<Batch>, Histories, Held)> {
        let subscription = &mut self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let mut looked_at = 0;
        let (start, span, taken) = subscription.available.iter().find_map(|(&start, &span)| {
            looked_at += span.end - start;
            let taken = Taken::from_run(topic, start..span.end, topic.entry_of(start), budget);
            (!taken.parts.is_empty() || looked_at > MAX_STEP_MESSAGES as u64)
                .then_some((start, span, taken))
        })?;
        if taken.parts.is_empty() {
            return None;
        }
        subscription.available.remove(&start);
        let rest = taken.end().unwrap_or(start)..span.end;
        for left in taken.left.iter().cloned().chain([rest]).filter(|left| !left.is_empty()) {
            subscription.available.insert(left.start, Span { end: left.end, ..span });
        }
        Some((taken.parts, Histories::Uniform(span.deliveries + 1), Held::Runs(taken.ranges)))
    }

    fn take_new(
        &mut self,
        place: usize,
        budget: Budget,
        now: Now,
    ) -> Result<(Vec<Batch>, Histories, Held), Option<Duration>> {
        let subscription = &mut self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        // The entry that holds the cursor may have been removed only if all of it was settled.
        let entry = subscription.cursor_entry.saturating_sub(topic.removed) as usize;
        let taken = Taken::from_run(topic, subscription.cursor..topic.next, entry, budget);
        let Some(end) = taken.end() else { return Err(None) };
        if !taken.cut && budget.keys.is_none() {
            let full_at = topic.log[entry].arrived + subscription.rules.batch_wait;
            if full_at > now.monotonic {
                return Err(Some(full_at));
            }
        }
        subscription.cursor = end;
        subscription.cursor_entry =
            topic.removed + (entry + topic.entries_until(entry, end)) as u64;
        for left in &taken.left {
            subscription.available.insert(left.start, Span { end: left.end, deliveries: 0 });
        }
        if taken.parts.is_empty() {
            return Err(None);
        }
        Ok((taken.parts, Histories::Uniform(1), Held::Runs(taken.ranges)))
    }
}

fn budget(subscription: &Subscription, request: &LeaseRequest) -> Budget {
    let rules = &subscription.rules;
    let messages = request.messages_max.min(rules.batch_messages).max(1) as usize;
    Budget { messages, bytes: rules.batch_bytes, keys: request.keys }
}

/// Keys of the parked messages that one lease takes, in order of their due times.
fn due_keys(subscription: &Subscription, request: &LeaseRequest, now: Now) -> Vec<(Duration, u64)> {
    let budget = budget(subscription, request);
    let mine = |parked: &Parked| match budget.keys {
        Some(KeyRange { .. }) => {
            budget.keys.is_some_and(|keys| keys.contains(parked.message.get(0).key_hash()))
        }
        None => true,
    };
    let due = subscription.parked.range(..=(now.monotonic, u64::MAX)).take(MAX_STEP_MESSAGES);
    let mut keys = Vec::new();
    let mut bytes = 0;
    for (key, parked) in due.filter(|(_, parked)| mine(parked)) {
        bytes += parked.message.bytes() as u64;
        let is_first = keys.is_empty();
        if !is_first && (parked.alone || bytes > budget.bytes || keys.len() == budget.messages) {
            break;
        }
        keys.push(*key);
        if parked.alone {
            break;
        }
    }
    keys
}
