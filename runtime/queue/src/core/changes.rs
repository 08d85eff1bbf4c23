//! What a declaration says becomes of what the core holds, and whether it holds that.

use millstream_message::SubscriptionId;

use super::Core;
use super::declare::{Declaration, Kind, Named};
use crate::rules::{SubscriptionRules, TopicRules};

impl Core {
    /// What `declaration` drops or renames and the core does not hold, in the order in which it says
    /// so: whoever asks for that means something else.
    #[must_use]
    pub(crate) fn unheld(&self, declaration: &Declaration) -> Vec<Named> {
        let renamed =
            declaration.renames.iter().map(|one| Named { kind: one.kind, name: one.from.clone() });
        let asked = declaration.drops.iter().cloned().chain(renamed);
        let held = self.held();
        asked.filter(|one| !held.contains(one)).collect()
    }

    /// The rules of all topics and subscriptions by their ids, of those that are removed too.
    #[must_use]
    pub(crate) fn held_rules(&self) -> (Vec<TopicRules>, Vec<SubscriptionRules>) {
        (
            self.topics.iter().map(|topic| topic.rules.clone()).collect(),
            self.subscriptions.iter().map(|one| one.rules.clone()).collect(),
        )
    }

    /// The rules of a subscription, with ids in place of a declaration's places.
    #[must_use]
    pub fn rules(&self, id: SubscriptionId) -> Option<&SubscriptionRules> {
        self.subscriptions.get(id.0 as usize).filter(|one| !one.gone).map(|one| &one.rules)
    }

    /// Every topic and every subscription.
    #[must_use]
    pub(crate) fn held(&self) -> Vec<Named> {
        let named = |kind, name: &String| Named { kind, name: name.clone() };
        let topics = self.topics.iter().filter(|one| !one.gone);
        let topics = topics.map(|one| named(Kind::Topic, &one.rules.name));
        let subscriptions = self.subscriptions.iter().filter(|one| !one.gone);
        let subscriptions = subscriptions.map(|one| named(Kind::Subscription, &one.rules.name));
        topics.chain(subscriptions).collect()
    }
}
