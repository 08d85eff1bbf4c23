//! What a worker asks for.

use std::sync::Arc;

use millstream_message::SubscriptionId;

use super::KeyRange;
use crate::codec::codec_struct;

/// Who handles a lease's messages: what a dead letter names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Plugin or sink.
    pub name: String,
    /// The plugin's digest; empty for a sink.
    pub digest: String,
}

/// A worker's wish for messages.
#[derive(Clone, Debug)]
pub struct LeaseRequest {
    /// Which subscription it works for.
    pub subscription: SubscriptionId,
    /// The generation of workers it belongs to; refused once that generation is fenced.
    pub generation: u64,
    /// Only messages whose key hash lies in this range; all when none.
    pub keys: Option<KeyRange>,
    /// At most this many messages, even if the rules allow more.
    pub messages_max: u32,
    /// Who handles them.
    pub handler: Arc<Handler>,
}

codec_struct!(Handler { name, digest });
