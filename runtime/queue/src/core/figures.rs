//! What the core tells about itself.

use millstream_message::{SubscriptionId, TopicId};

use super::serving::TRIAL;
use super::{Core, Plugin, Tally};
use crate::figures::{Figures, PluginFigures, StoppedKey, SubscriptionFigures, TrialFigures};

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
        if subscription.gone {
            return SubscriptionFigures::default();
        }
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

    /// The versions of all plugins, by the plugins' names.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginFigures> {
        self.plugins.iter().map(|(name, plugin)| self.plugin_figures(name, plugin)).collect()
    }

    fn plugin_figures(&self, name: &str, plugin: &Plugin) -> PluginFigures {
        let places = self.places_of(name);
        let of = |place: &usize| &self.subscriptions[*place];
        let serving = || places.iter().map(|place| &of(place).serving);
        let tally =
            |lane: usize| serving().fold(Tally::default(), |sum, one| sum.plus(one.tallies[lane]));
        let is_full = serving().any(|one| one.trial.is_some_and(|trial| trial.told_full));
        let trial = plugin.trial.clone().map(|(version, share)| TrialFigures {
            version,
            share,
            tally: tally(TRIAL),
            is_full,
        });
        let kept = plugin.modules.iter().filter(|(_, module)| module.is_whole());
        PluginFigures {
            name: name.to_owned(),
            tally: tally(0),
            serving: plugin.serving.clone(),
            previous: plugin.previous.clone(),
            trial,
            ended: plugin.ended.clone(),
            withheld: places.iter().map(|place| of(place).parking.withheld()).sum(),
            kept: kept.map(|(digest, _)| digest.clone()).collect(),
            subscriptions: places.iter().map(|place| SubscriptionId(*place as u32)).collect(),
        }
    }

    /// The generation of the workers that serve the subscription.
    #[must_use]
    pub fn generation(&self, id: SubscriptionId) -> Option<u64> {
        let subscription = self.subscriptions.get(id.0 as usize).filter(|one| !one.gone)?;
        Some(subscription.serving.generation)
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
            .map(|(&(_, letter), stopper)| StoppedKey { letter, key: stopper.key.clone() })
            .collect()
    }

    /// Whether nothing goes on by itself any more: no message is unsettled, delayed or waiting in
    /// line, except those that wait for a stopped key.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let next = |topic: TopicId| self.topics[topic.0 as usize].next;
        self.topics.iter().all(|topic| topic.pending() == 0)
            && self.subscriptions.iter().all(|one| one.gone || one.is_idle(next(one.rules.topic)))
    }
}
