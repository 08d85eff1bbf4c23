//! What all workers of one subscription have in common.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::SubscriptionId;
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
    /// The name of its topic.
    pub(crate) topic: String,
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
    pub(crate) stop: CancellationToken,
    /// How often a lease is renewed during a call.
    pub(crate) renew_every: Duration,
}

impl Post {
    /// Where it stands in the plan.
    pub(crate) fn place(&self) -> usize {
        self.subscription.0 as usize
    }
}
