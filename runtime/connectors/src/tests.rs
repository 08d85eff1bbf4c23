//! Claims about sources and sinks on real files, pipes and sockets.

mod http_sink;
mod receiver;
mod resuming;
mod schedule_source;
mod sinks;
mod sources;

use millstream_message::{Batch, BatchBuilder, MessageId};

/// A batch of `payloads`, message `i` with the key `ki` and the header `h: i`.
fn batch(payloads: &[&[u8]]) -> Batch {
    let mut builder = BatchBuilder::with_capacity(payloads.len(), 0);
    for (i, payload) in payloads.iter().enumerate() {
        let (key, value) = (format!("k{i}"), i.to_string());
        let id = MessageId::published(1, i as u128);
        builder.push(id, 1, Some(&key), [("h", &*value)], payload).unwrap();
    }
    builder.build()
}
