//! What must be settled and renamed before other rules hold.

use millstream_message::{SubscriptionId, TopicId};

use super::places::Places;
use crate::clock::Now;
use crate::core::settle::Stopper;
use crate::core::{Core, Effects};
use crate::rules::SubscriptionRules;

impl Core {
    /// Settles what a subscription leaves behind that is declared no longer, and sorts what waits
    /// where the order changes: its leases end, for they were given out under another order.
    pub(super) fn prepare(
        &mut self,
        place: usize,
        rules: Option<&SubscriptionRules>,
        now: Now,
        effects: &mut Effects,
    ) {
        let topic = self.subscriptions[place].rules.topic;
        self.topics[topic.0 as usize].seal();
        match rules {
            None => {
                self.abandon(place, effects);
                // What is let in from now on is not for it.
                let readers = &mut self.topics[topic.0 as usize].subscriptions;
                readers.retain(|reader| reader.0 as usize != place);
                effects.ask_again.push(SubscriptionId(place as u32));
            }
            Some(rules) if rules.ordering != self.subscriptions[place].rules.ordering => {
                let id = SubscriptionId(place as u32);
                self.end_leases(id, &|_| true, now, effects);
                self.reorder(place, rules.ordering, rules.parks_keys());
            }
            Some(rules) if !rules.parks_keys() => self.unstop_keys(place),
            Some(_) => {}
        }
    }

    /// Dead letters stop no keys of the subscription any more.
    fn unstop_keys(&mut self, place: usize) {
        let keys = &mut self.subscriptions[place].keys;
        self.stoppers.retain(|_, stopper| {
            let own = stopper.subscription.0 as usize == place;
            (0..if own { stopper.letters } else { 0 }).for_each(|_| keys.unstop(stopper.hash));
            !own
        });
    }

    /// Dead letters stop no keys any more that nobody has, or that are dropped with their topic.
    pub(super) fn forget_stoppers(
        &mut self,
        topics: &Places,
        subscriptions: &Places,
        effects: &mut Effects,
    ) {
        let dropped: Vec<TopicId> = (0..self.topics.len())
            .filter(|id| topics.declared[*id].is_none() && self.topics[*id].keeps())
            .map(|id| TopicId(id as u32))
            .collect();
        for id in dropped {
            self.unstop_all(id, effects);
        }
        let stoppers = std::mem::take(&mut self.stoppers).into_iter();
        let renamed = stoppers.filter_map(|((topic, letter), stopper)| {
            let topic = TopicId(topics.now(topic.0)?);
            let subscription = SubscriptionId(subscriptions.now(stopper.subscription.0)?);
            Some(((topic, letter), Stopper { subscription, ..stopper }))
        });
        self.stoppers = renamed.collect();
    }

    /// Subscriptions where what was withheld has not all gone on are known by their ids of now.
    pub(super) fn rename_deciding(&mut self, subscriptions: &Places) {
        let deciding = std::mem::take(&mut self.deciding).into_iter();
        self.deciding = deciding.filter_map(|id| subscriptions.now(id)).collect();
    }
}
