//! Moving a subscription to another place of its topic.

use std::ops::Range;

use millstream_message::SubscriptionId;

use super::forget::Loss;
use super::topic::Topic;
use super::{Answer, Core, Effects, Refusal};
use crate::clock::Now;

/// Where a subscription goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekTo {
    /// At the oldest message that the topic still has.
    Earliest,
    /// Behind the newest.
    Now,
    /// At the first message published at or after this time: milliseconds since the Unix epoch.
    Time(u64),
}

impl Core {
    /// Moves the subscription. What it had not settled counts as purged and what it gets now as
    /// offered anew; leases end, so that no message is with two workers. Looks at every message
    /// between the two places once: an operator's step, not one of the ordinary path.
    pub(super) fn seek(
        &mut self,
        id: SubscriptionId,
        to: SeekTo,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let place = id.0 as usize;
        let own = self.subscriptions.get(place).ok_or(Refusal::Unknown)?.rules.topic;
        let topic = &mut self.topics[own.0 as usize];
        topic.seal();
        let target = find(topic, to);
        // First what is wanted again, so that nothing is let go in between.
        let offered = want(topic, target);
        let purged = self.abandon(place, effects);
        self.count_loss(place, Loss::Purged, purged);
        let topic = &mut self.topics[own.0 as usize];
        let subscription = &mut self.subscriptions[place];
        subscription.cursor = target;
        // The last entry may still take messages that lie behind the target.
        let entry = topic.entry_of(target).min(topic.log.len().saturating_sub(1));
        subscription.cursor_entry = topic.removed + entry as u64;
        subscription.gone_ahead = topic.next - target - offered;
        subscription.counters.offered += offered;
        self.make_room(own, now, effects);
        effects.wake.push(id);
        Ok(Answer::Moved { looked_at: offered, moved: offered })
    }

    /// Takes everything from the subscription that it had not settled.
    pub(super) fn abandon(&mut self, place: usize, effects: &mut Effects) -> u64 {
        let id = SubscriptionId(place as u32);
        let topic = self.subscriptions[place].rules.topic;
        let before = self.subscriptions[place].live(self.topics[topic.0 as usize].next);
        let leases: Vec<_> = self
            .leases
            .values()
            .filter(|lease| lease.grant.subscription == id)
            .map(|lease| lease.grant.lease)
            .collect();
        for lease in leases {
            self.abandon_lease(place, lease);
        }
        let subscription = &mut self.subscriptions[place];
        let mut waiting = subscription.keys.clear();
        while let Some(key) = subscription.parking.first() {
            waiting.extend(subscription.parking.remove(&key));
        }
        let mut runs: Vec<Range<u64>> = std::mem::take(&mut subscription.available)
            .into_iter()
            .map(|(start, span)| start..span.end)
            .collect();
        subscription.available_messages = 0;
        runs.extend(present(&self.topics[topic.0 as usize], subscription.cursor));
        for pending in waiting {
            self.settle_place(topic, &pending.place, effects);
        }
        for run in runs {
            self.topics[topic.0 as usize].settle(run, &mut effects.released);
        }
        before
    }

    /// Ends a lease; its messages wait again until they are abandoned like all others.
    fn abandon_lease(&mut self, place: usize, id: super::LeaseId) {
        let Some(lease) = self.leases.remove(&id) else { return };
        self.deadlines.remove(&(lease.grant.deadline, id));
        let subscription = &mut self.subscriptions[place];
        subscription.counters.in_flight -= lease.grant.len() as u64;
        subscription.end_lease(&lease.runs, lease.items.as_deref());
        for run in &lease.runs {
            subscription.add_available(run.clone(), 0, 0);
        }
        let copies = lease.items.into_iter().flatten().filter(|item| item.copy().is_some());
        for item in copies {
            self.put_back(place, item);
        }
    }
}

/// Sequence number of the place to go to.
fn find(topic: &Topic, to: SeekTo) -> u64 {
    let earliest = topic.log.front().map_or(topic.next, |entry| entry.base);
    let at = |wall_ms: u64| {
        let entry = topic.log.iter().find(|entry| entry.holds_newer(wall_ms))?;
        let times = entry.batch()?.published_at();
        let i = times.iter().position(|&time| time >= wall_ms)?;
        Some(entry.base + i as u64)
    };
    match to {
        SeekTo::Earliest => earliest,
        SeekTo::Now => topic.next,
        SeekTo::Time(wall_ms) => at(wall_ms).unwrap_or(topic.next),
    }
}

/// One reader wants everything from `target` on; answers how many messages there are.
pub(super) fn want(topic: &mut Topic, target: u64) -> u64 {
    let mut wanted = 0;
    let mut unsettled = 0;
    for place in topic.entry_of(target)..topic.log.len() {
        let entry = &mut topic.log[place];
        let mut rest = target.saturating_sub(entry.base) as usize..entry.len();
        let mut touched = false;
        while !rest.is_empty() {
            let run = entry.next_run(rest.clone());
            rest.start = run.end;
            wanted += run.len() as u64;
            touched |= !run.is_empty();
            unsettled += entry.want(run);
        }
        if touched {
            topic.unretain(place);
        }
    }
    topic.add_unsettled(unsettled);
    wanted
}

/// Runs of messages from `cursor` on that are not gone.
pub(super) fn present(topic: &Topic, cursor: u64) -> Vec<Range<u64>> {
    let mut runs = Vec::new();
    for entry in topic.log.iter().skip(topic.entry_of(cursor)) {
        let mut rest = cursor.saturating_sub(entry.base) as usize..entry.len();
        while !rest.is_empty() {
            let run = entry.next_run(rest.clone());
            rest.start = run.end;
            if !run.is_empty() {
                runs.push(entry.base + run.start as u64..entry.base + run.end as u64);
            }
        }
    }
    runs
}
