//! A topic as a checkpoint has it.

use super::Topic;
use crate::codec::{Codec, Malformed};
use crate::publication::Arrival;

/// Without the messages: the journal has them.
impl Codec for Topic {
    fn put(&self, out: &mut Vec<u8>) {
        self.rules.put(out);
        self.gone.put(out);
        self.subscriptions.put(out);
        self.hashed.put(out);
        self.log.put(out);
        (self.removed, self.next).put(out);
        (self.reached, self.unsettled).put(out);
        (self.bytes, self.copies).put(out);
        (self.delayed.len() as u32).put(out);
        for (due, arrival) in &self.delayed {
            due.put(out);
            arrival.save(out);
        }
        self.line.put(out);
        self.gated.put(out);
        self.dedup.put(out);
        self.retained.put(out);
        self.retained_evicted.put(out);
        self.expiring.put(out);
        self.expiry_waits.put(out);
        self.expiry_gated.put(out);
        (self.published, self.duplicates).put(out);
        self.dropped.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let mut topic = Self::new(Codec::get(from)?);
        topic.gone = Codec::get(from)?;
        (topic.subscriptions, topic.hashed) = (Codec::get(from)?, Codec::get(from)?);
        topic.log = Codec::get(from)?;
        (topic.removed, topic.next) = Codec::get(from)?;
        (topic.reached, topic.unsettled) = Codec::get(from)?;
        (topic.bytes, topic.copies) = Codec::get(from)?;
        for _ in 0..crate::codec::count(from, 1)? {
            let (due, arrival) = (Codec::get(from)?, Arrival::load(from)?);
            topic.delayed_messages += arrival.stored.map_or(0, |stored| u64::from(stored.len));
            topic.delayed.insert(due, arrival);
        }
        topic.line = Codec::get(from)?;
        (topic.gated, topic.dedup) = (Codec::get(from)?, Codec::get(from)?);
        (topic.retained, topic.retained_evicted) = (Codec::get(from)?, Codec::get(from)?);
        (topic.expiring, topic.expiry_waits) = (Codec::get(from)?, Codec::get(from)?);
        topic.expiry_gated = Codec::get(from)?;
        (topic.published, topic.duplicates) = Codec::get(from)?;
        topic.dropped = Codec::get(from)?;
        topic.count_kept();
        Ok(topic)
    }
}

impl Topic {
    /// Counts what is retained and what only the journal has.
    fn count_kept(&mut self) {
        for entry in &self.log {
            self.stored_bytes += if entry.is_stored() { entry.charged } else { 0 };
            if self.retained.contains(&entry.base) {
                self.retained_bytes += entry.charged;
                self.retained_messages += entry.len() as u64;
            }
        }
    }
}
