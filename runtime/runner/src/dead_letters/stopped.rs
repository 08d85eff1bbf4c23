//! Keys that dead letters stopped.

use std::collections::BTreeMap;

use millstream_message::{MessageId, SubscriptionId};

use super::DeadLetters;
use super::restored::original_id;
use super::selection::Wanted;
use super::shelf::Range;

/// A key that goes on only when its dead letter is redriven or purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedKey {
    /// The key; none where the whole subscription waits, and where the message has none.
    pub key: Option<String>,
    /// The id that the message had before it was given up.
    pub dead_letter: MessageId,
}

impl DeadLetters {
    /// Up to `limit` keys of the subscription that a dead letter stopped, with the ids that the
    /// commands take.
    #[must_use]
    pub fn stopped_keys(&self, subscription: SubscriptionId, limit: usize) -> Vec<StoppedKey> {
        let stopped = self.broker.stopped_keys(subscription, limit);
        let Ok(shelf) = self.shelf(subscription) else { return Vec::new() };
        let wanted = Wanted::Ids(stopped.iter().map(|one| one.letter).collect());
        let mut range = if stopped.is_empty() { Range::default() } else { shelf.all() };
        let mut originals = BTreeMap::new();
        while !range.is_empty() && originals.len() < stopped.len() {
            let letters = shelf.page(&mut range, &wanted).unwrap_or_default();
            let named = letters.iter().map(|found| found.letter.get(0));
            originals.extend(named.map(|letter| (letter.id(), original_id(letter))));
        }
        let named = |letter| originals.get(&letter).copied().unwrap_or(letter);
        stopped
            .into_iter()
            .map(|one| StoppedKey { key: one.key, dead_letter: named(one.letter) })
            .collect()
    }
}
