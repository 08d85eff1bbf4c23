//! A message as it was handed in, to be held against what comes out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use millstream_message::{Message, MessageId, TopicId};
use millstream_queue::{NEVER, Publication};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) topic: TopicId,
    pub(crate) key: Option<String>,
    headers: Vec<(String, String)>,
    payload: Vec<u8>,
    published_at: u64,
    pub(crate) expires: bool,
    /// When it was published among all of its publisher's; none where the order is anybody's: it
    /// was delayed, or is an output.
    pub(crate) turn: Option<u64>,
    /// A hash of its dedup id, 0 for none.
    pub(crate) dedup: u128,
    /// Others of the same id: what another attempt at the same settle would have put out.
    others: Vec<Self>,
}

/// All messages there ever were, by their ids.
pub(crate) type Parcels = BTreeMap<MessageId, Parcel>;

impl Parcel {
    fn new(topic: TopicId, message: Message<'_>) -> Self {
        let headers = message.headers();
        Self {
            topic,
            key: message.key().map(str::to_owned),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            payload: message.payload().to_vec(),
            published_at: message.published_at(),
            expires: false,
            turn: None,
            dedup: 0,
            others: Vec::new(),
        }
    }

    /// Whether `message` is this one.
    pub(crate) fn is(&self, message: Message<'_>) -> bool {
        let found = Self::new(self.topic, message);
        self.shows_as(&found) || self.others.iter().any(|other| other.shows_as(&found))
    }

    fn shows_as(&self, found: &Self) -> bool {
        let Self { key, headers, payload, published_at, .. } = found;
        (key, headers, payload, published_at)
            == (&self.key, &self.headers, &self.payload, &self.published_at)
    }
}

/// Adds messages to those that there ever were.
pub(crate) fn add(parcels: &mut Parcels, new: Vec<(MessageId, Parcel)>) {
    for (id, parcel) in new {
        match parcels.entry(id) {
            Entry::Vacant(free) => _ = free.insert(parcel),
            Entry::Occupied(mut known) => known.get_mut().others.push(parcel),
        }
    }
}

/// The messages of a publication; `turn` is its publisher's.
pub(crate) fn of(
    topic: TopicId,
    publication: &Publication,
    turn: Option<u64>,
) -> Vec<(MessageId, Parcel)> {
    let visible = publication.visible.iter().map(|arrival| (arrival, turn));
    let delayed = publication.delayed.iter().map(|(_, arrival)| (arrival, None));
    let all = visible.chain(delayed);
    let each = all.flat_map(|(arrival, turn)| {
        arrival.batch.iter().enumerate().map(move |(i, message)| {
            let expires = arrival.expires_ms.get(i).is_some_and(|at| *at != NEVER);
            let dedup = arrival.dedup.get(i).copied().unwrap_or(0);
            // Messages of one publication follow each other.
            let turn = turn.map(|turn| turn << 32 | i as u64);
            (message.id(), Parcel { expires, dedup, turn, ..Parcel::new(topic, message) })
        })
    });
    each.collect()
}
