//! What the core tells about itself.

use millstream_message::{MessageId, SubscriptionId, TopicId};

use super::Core;
use crate::figures::{Figures, StoppedKey, SubscriptionFigures};

impl Core {
    /// The figures of all topics and subscriptions.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            topics: self.topics.iter().map(super::topic::Topic::figures).collect(),
            subscriptions: (0..self.subscriptions.len())
                .map(|place| self.subscription_figures(place))
                .collect(),
        }
    }

    fn subscription_figures(&self, place: usize) -> SubscriptionFigures {
        let subscription = &self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let counters = &subscription.counters;
        let id = SubscriptionId(place as u32);
        SubscriptionFigures {
            lag: subscription.lag(topic.next),
            in_flight: counters.in_flight,
            parked: subscription.parked(),
            offered: counters.offered,
            redriven: counters.redriven,
            handled: counters.handled,
            filtered: counters.filtered,
            failed: counters.failed,
            rejected: counters.rejected,
            exhausted: counters.exhausted,
            expired: counters.expired,
            crashed: counters.crashed,
            expired_dropped: counters.expired_dropped,
            dropped: counters.dropped,
            purged: counters.purged,
            stopped_keys: self.stopping_letters(id),
            paused: subscription.paused,
            blocked_by: self.blocked_by(place).map(|topic| TopicId(topic as u32)),
        }
    }

    fn stopping_letters(&self, id: SubscriptionId) -> u64 {
        let mine = self.stoppers.values().filter(|stopper| stopper.subscription == id);
        mine.map(|stopper| u64::from(stopper.letters)).sum()
    }

    /// Up to `limit` keys of the subscription that a dead letter stopped, by dead letter.
    #[must_use]
    pub fn stopped_keys(&self, id: SubscriptionId, limit: usize) -> Vec<StoppedKey> {
        let mine = self.stoppers.iter().filter(|(_, stopper)| stopper.subscription == id);
        mine.take(limit)
            .map(|(&letter, stopper): (&MessageId, _)| StoppedKey {
                letter,
                key: stopper.key.clone(),
            })
            .collect()
    }

    /// Whether nothing goes on by itself any more: no message is unsettled, delayed or waiting in
    /// line, except those that wait for a stopped key.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let next = |topic: TopicId| self.topics[topic.0 as usize].next;
        self.topics.iter().all(|topic| topic.pending() == 0)
            && self.subscriptions.iter().all(|one| one.is_idle(next(one.rules.topic)))
    }
}
