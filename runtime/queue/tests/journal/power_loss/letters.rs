//! The dead letters of a broker, and whose they are.

use std::collections::BTreeMap;

use millstream_message::{BatchBuilder, Message, MessageId};
use millstream_queue::{Broker, DEAD_LETTER_PREFIX, Letter, SubscriptionRules};

use super::parcel::Parcels;
use crate::world::DEAD;

/// A message that a subscription gave up.
pub(crate) struct Lost {
    pub(crate) subscription: u32,
    /// The message's own id.
    pub(crate) original: MessageId,
    pub(crate) letter: Letter,
}

/// Letters of one page.
const PAGE: usize = 1_000;

/// All of them. Panics at one that nobody can have written.
pub(crate) fn all(
    broker: &dyn Broker,
    subscriptions: &[SubscriptionRules],
    parcels: &Parcels,
) -> Vec<Lost> {
    let mut from = Some(0);
    let mut names = BTreeMap::new();
    let mut letters = Vec::new();
    while let Some(first) = from {
        let page = broker.browse(DEAD, first, PAGE);
        for part in &page.parts {
            if names.is_empty() {
                names = known(subscriptions, parcels);
            }
            for (sequence, message) in (part.first..).zip(part.batch.iter()) {
                let Some(&(subscription, original)) = names.get(&message.id()) else {
                    panic!("a dead letter of no message: {}", message.id());
                };
                letters.push(Lost {
                    subscription,
                    original,
                    letter: letter(message, sequence, original),
                });
            }
        }
        from = page.next;
    }
    letters
}

/// Every name that a dead letter may have.
fn known(
    subscriptions: &[SubscriptionRules],
    parcels: &Parcels,
) -> BTreeMap<MessageId, (u32, MessageId)> {
    let each = parcels.keys().flat_map(|id| {
        let places = (0u32..).zip(subscriptions);
        places.map(move |(place, rules)| (id.dead_letter(&rules.name), (place, *id)))
    });
    each.collect()
}

/// The message as it was before it was given up.
fn letter(message: Message<'_>, sequence: u64, original: MessageId) -> Letter {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    let own = message.headers().filter(|(name, _)| !name.starts_with(DEAD_LETTER_PREFIX));
    let published_at = message
        .header("millstream-dead-letter-published-at")
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .map_or(0, |at| at.as_millisecond() as u64);
    builder.push(original, published_at, message.key(), own, message.payload()).unwrap();
    let (topic, id, message) = (DEAD, message.id(), builder.build());
    Letter { topic, sequence, id, message, stored: None }
}
