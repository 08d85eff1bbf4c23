//! What all workers of one subscription have in common.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{SubscriptionId, TopicId};
use millstream_pipeline::Ordering;
use millstream_queue::Broker;
use tokio_util::sync::CancellationToken;

use crate::filter::Filter;
use crate::pace::Pace;
use crate::routing::Routing;

/// What all workers of one subscription have in common.
pub(crate) struct Post {
    pub(crate) subscription: SubscriptionId,
    /// What the queue knows workers by whose handler is never swapped.
    pub(crate) generation: u64,
    /// The subscription's name.
    pub(crate) name: String,
    pub(crate) topic: TopicId,
    /// The name of its topic.
    pub(crate) topic_name: String,
    /// How many workers it has.
    pub(crate) concurrency: u32,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) routing: Routing,
    pub(crate) ordering: Ordering,
    pub(crate) filter: Option<Filter>,
    /// Whether a call gets at most one message of a key.
    pub(crate) one_per_key: bool,
    /// How many messages a worker takes at once.
    pub(crate) pace: Pace,
    /// Ends its workers, once they have settled what they have in hand.
    pub(crate) stop: CancellationToken,
    /// How often a lease is renewed during a call.
    pub(crate) renew_every: Duration,
}

impl Post {
    /// Whether workers of both do the same, and as many of them.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let filter = |post: &Self| post.filter.as_ref().map(|one| one.condition.to_string());
        let names = |post: &Self| (post.name.clone(), post.topic_name.clone());
        (self.subscription, self.topic, self.concurrency)
            == (other.subscription, other.topic, other.concurrency)
            && names(self) == names(other)
            && (self.ordering, self.one_per_key, self.pace, self.renew_every)
                == (other.ordering, other.one_per_key, other.pace, other.renew_every)
            && self.routing == other.routing
            && filter(self) == filter(other)
    }
}
