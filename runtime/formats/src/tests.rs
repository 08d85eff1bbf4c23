//! Claims about what comes in and goes out.

mod envelope;
mod header;
mod intake;
mod json;
mod lines;
mod pointer;

use millstream_message::{Batch, BatchBuilder, MessageId};

/// A batch of one message.
fn one(key: Option<&str>, headers: &[(&str, &str)], payload: &[u8]) -> Batch {
    let mut builder = BatchBuilder::with_capacity(1, payload.len());
    let id = MessageId::published(1_357_034_400_123, 7);
    builder.push(id, 1_357_034_400_123, key, headers.iter().copied(), payload).unwrap();
    builder.build()
}
