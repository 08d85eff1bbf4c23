//! The figures that the core tells must be the model's, each of them, after every step.

use millstream_message::MESSAGE_OVERHEAD_BYTES;
use millstream_queue::{Ordering, SubscriptionFigures, TopicFigures};

use super::{Check, Model, Step, TopicModel, ensure};

impl Model {
    pub(crate) fn compare(&mut self, step: &Step<'_>) -> Check {
        for (t, figures) in step.figures.topics.iter().enumerate() {
            self.topics[t].follow_ids(figures, step.now.wall_ms);
            self.compare_topic(t, figures)?;
        }
        for (s, figures) in step.figures.subscriptions.iter().enumerate() {
            if self.subscriptions[s].gone {
                let nothing = *figures == SubscriptionFigures::default();
                ensure!(nothing, "sub-{s} is removed, and tells {figures:?}");
                continue;
            }
            self.compare_subscription(s, figures, step)?;
        }
        self.compare_letters(step)
    }

    fn compare_topic(&self, t: usize, figures: &TopicFigures) -> Check {
        let topic = &self.topics[t];
        let equal = [
            ("depth", figures.depth, self.depth(t)),
            ("published", figures.published, topic.published),
            ("delayed", figures.delayed, topic.delayed.len() as u64),
            ("waiting_publishers", figures.waiting_publishers, topic.line.len() as u64),
            ("duplicates", figures.duplicates, topic.duplicates),
            ("dedup_ids", figures.dedup_ids, topic.ids.len() as u64),
            ("dropped", figures.dropped, topic.dropped),
        ];
        for (name, told, expected) in equal {
            ensure!(told == expected, "topic-{t}: {name} is {told}, not {expected}");
        }
        let rules = &topic.rules;
        let full = figures.depth >= rules.max_messages || figures.bytes >= rules.max_bytes;
        let settled = figures.depth == 0 && figures.full;
        let known = figures.full == full || (self.retains_bytes(t) && full && !settled);
        ensure!(known, "topic-{t}: full is {}", figures.full);
        let (least, bytes) = (self.bytes_at_least(t), figures.bytes);
        ensure!(bytes >= least, "topic-{t}: {bytes} bytes for messages of {least}");
        let empty = figures.depth == 0 && rules.retain.is_zero();
        ensure!(!empty || bytes == 0, "topic-{t}: empty, and holds {bytes} bytes");
        self.compare_line(t, figures)
    }

    /// Whoever is first in line does not fit.
    fn compare_line(&self, t: usize, figures: &TopicFigures) -> Check {
        let Some(first) = self.topics[t].line.front() else { return Ok(()) };
        let rules = &self.topics[t].rules;
        let fits = figures.depth + first.posted.len() as u64 <= rules.max_messages
            && figures.bytes + first.resident <= rules.max_bytes;
        ensure!(!fits, "topic-{t}: {:?} waits although there is room", first.ticket);
        Ok(())
    }

    /// What the messages that somebody needs take, without any overhead of batches.
    pub(crate) fn bytes_at_least(&self, t: usize) -> u64 {
        let readers = self.topics[t].readers.iter().map(|reader| &self.subscriptions[*reader]);
        let size = |item: &super::Item| {
            let key = item.parcel.key.as_ref().map_or(0, String::len);
            (MESSAGE_OVERHEAD_BYTES + key + item.parcel.payload.len()) as u64
        };
        let each = readers.filter(|reader| reader.dropped_unnamed == 0);
        each.map(|reader| reader.items.values().map(size).sum()).max().unwrap_or(0)
    }

    fn compare_subscription(
        &self,
        s: usize,
        figures: &SubscriptionFigures,
        step: &Step<'_>,
    ) -> Check {
        let subscription = &self.subscriptions[s];
        let counts = &subscription.counts;
        let equal = [
            ("offered", figures.offered, counts.offered),
            ("redriven", figures.redriven, counts.redriven),
            ("handled", figures.handled, counts.handled),
            ("filtered", figures.filtered, counts.filtered),
            ("failed", figures.failed, counts.failed),
            ("rejected", figures.rejected, counts.rejected),
            ("exhausted", figures.exhausted, counts.exhausted),
            ("expired", figures.expired, counts.expired),
            ("crashed", figures.crashed, counts.crashed),
            ("expired_dropped", figures.expired_dropped, counts.expired_dropped),
            ("dropped", figures.dropped, counts.dropped),
            ("purged", figures.purged, counts.purged),
            ("stopped_keys", figures.stopped_keys, self.stopping(s)),
            ("in_flight", figures.in_flight, subscription.in_flight()),
            ("live", figures.live(), subscription.live()),
            ("received", figures.received(), figures.settled() + figures.live()),
            ("paused", u64::from(figures.paused), u64::from(subscription.paused)),
        ];
        for (name, told, expected) in equal {
            ensure!(told == expected, "sub-{s}: {name} is {told}, not {expected}");
        }
        let blocked = self.told_blocked(s, step);
        let told = figures.blocked_by;
        ensure!(told == blocked, "sub-{s}: blocked_by is {told:?}, not {blocked:?}");
        self.compare_parked(s, figures)
    }

    fn told_blocked(&self, s: usize, step: &Step<'_>) -> Option<millstream_message::TopicId> {
        let rules = &self.subscriptions[s].rules;
        let own = self.topics[rules.topic.0 as usize].readers.len() == 1;
        let dead = match rules.exhausted {
            millstream_queue::Exhausted::DeadLetter(dead) => Some(dead),
            millstream_queue::Exhausted::Drop => None,
        };
        let outputs = rules.outputs.iter().copied().filter(|to| !(own && *to == rules.topic));
        outputs.chain(dead).find(|to| {
            let t = to.0 as usize;
            step.figures.topics[t].full
                && self.topics[t].rules.when_full == millstream_queue::WhenFull::Block
        })
    }

    /// Copies are parked; under `key` so is what waits behind its key, as far as the cursor came.
    fn compare_parked(&self, s: usize, figures: &SubscriptionFigures) -> Check {
        let subscription = &self.subscriptions[s];
        let unnamed = subscription.dropped_unnamed;
        let (copies, parked) = (subscription.copies_waiting(), figures.parked);
        ensure!(parked + unnamed >= copies, "sub-{s}: {parked} parked, at least {copies} are");
        if subscription.rules.ordering != Ordering::Key {
            ensure!(parked <= copies, "sub-{s}: {parked} parked, not {copies}");
        }
        let keyed = subscription
            .items
            .values()
            .filter(|item| item.parcel.key.is_some() && !item.is_leased());
        let most = copies + keyed.filter(|item| !item.copied).count() as u64;
        ensure!(parked <= most, "sub-{s}: {parked} parked, at most {most} are");
        Ok(())
    }
}

impl TopicModel {
    /// Follows what the core may have found out about dedup ids or not, since it looked for room.
    fn follow_ids(&mut self, figures: &TopicFigures, wall_ms: u64) {
        // Ids whose window has ended are forgotten when somebody publishes, or tries to.
        if figures.dedup_ids < self.ids.len() as u64 {
            self.ids.retain(|_, (_, until)| *until > wall_ms);
        }
        let more = figures.duplicates.saturating_sub(self.duplicates);
        self.duplicates += more.min(std::mem::take(&mut self.perhaps_duplicates));
    }
}
