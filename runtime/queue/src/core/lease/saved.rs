//! Leases in a checkpoint.

use std::sync::Arc;

use super::{Grant, Histories, History, Lease, LeaseId};
use crate::codec::{Codec, Malformed, codec_struct};
use crate::rules::Handler;

codec_struct!(History { failures, deliveries, first_failed_ms, crashes });

impl Codec for LeaseId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        u64::get(from).map(Self)
    }
}

impl Codec for Histories {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Uniform(deliveries) => (Some(*deliveries), Vec::new()),
            Self::Each(each) => (None, each.clone()),
        }
        .put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let (uniform, each) = Codec::get(from)?;
        Ok(match uniform {
            Some(deliveries) => Self::Uniform(deliveries),
            None => Self::Each(each),
        })
    }
}

/// Without the messages: they are the runs' and the items'.
impl Codec for Lease {
    fn put(&self, out: &mut Vec<u8>) {
        let Grant { lease, subscription, generation, handler, histories, deadline, .. } =
            &self.grant;
        lease.put(out);
        subscription.put(out);
        generation.put(out);
        Handler::put(handler, out);
        histories.put(out);
        deadline.put(out);
        self.runs.put(out);
        self.items.put(out);
        self.keys.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let grant = Grant {
            lease: Codec::get(from)?,
            subscription: Codec::get(from)?,
            generation: Codec::get(from)?,
            // Whoever judges by it is gone with his process.
            on_trial: false,
            handler: Arc::new(Handler::get(from)?),
            parts: Vec::new(),
            histories: Codec::get(from)?,
            deadline: Codec::get(from)?,
            end: u64::MAX,
        };
        let (runs, items, keys) = (Codec::get(from)?, Codec::get(from)?, Codec::get(from)?);
        Ok(Self { grant, runs, items, keys })
    }
}
