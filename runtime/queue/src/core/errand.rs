//! Work on a subscription that outlives the process: told in the words of whoever does it.

use bytes::Bytes;
use millstream_message::SubscriptionId;

use super::declare::{Declaration, Kind};
use super::{Answer, Core, Refusal};
use crate::rules::{Exhausted, SubscriptionRules};

impl Core {
    /// The work that was begun on the subscription, and has not ended.
    #[must_use]
    pub fn errand(&self, id: SubscriptionId) -> Option<Bytes> {
        self.subscriptions.get(id.0 as usize)?.errand.clone()
    }

    pub(super) fn set_errand(
        &mut self,
        id: SubscriptionId,
        errand: Option<Bytes>,
    ) -> Result<Answer, Refusal> {
        let subscription = self.subscriptions.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?;
        subscription.errand = errand;
        Ok(Answer::Done)
    }

    /// Work ends with the dead letters that it was about: where the subscription gets others from
    /// now on, the places that it names are no places of those.
    pub(super) fn end_errands(&mut self, topic_names: &[String], new: &Declaration) {
        for one in &mut self.subscriptions {
            let name = new.name_of(Kind::Subscription, &one.rules.name);
            let now = new.subscriptions.iter().find(|rules| rules.name == name);
            let now = now.and_then(letters_of).and_then(|place| new.topics.get(place));
            let before = letters_of(&one.rules).and_then(|place| topic_names.get(place));
            if before != now.map(|topic| &topic.name) {
                one.errand = None;
            }
        }
    }
}

/// The place of the topic that takes the subscription's dead letters.
fn letters_of(rules: &SubscriptionRules) -> Option<usize> {
    match rules.exhausted {
        Exhausted::DeadLetter(topic) => Some(topic.0 as usize),
        Exhausted::Drop => None,
    }
}
