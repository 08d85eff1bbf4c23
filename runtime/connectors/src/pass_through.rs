//! Hands messages on unchanged.

use async_trait::async_trait;
use millstream_message::{Answers, Batch, Outgoing};

use crate::error::SinkError;
use crate::sink::Sink;

/// Answers each message with itself: key, headers and payload go on to the subscription's output.
/// The answer shares the batch's bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassThrough;

#[async_trait]
impl Sink for PassThrough {
    async fn deliver(&mut self, batch: &Batch) -> Result<Answers, SinkError> {
        let outgoing = Outgoing {
            starts: (0..=batch.len() as u32).collect(),
            topics: None,
            keys: batch.keys().to_column(),
            headers: batch.headers().to_columns(),
            payloads: batch.payloads().to_column(),
            delays_ms: Vec::new(),
        };
        Ok(Answers { outgoing, ..Answers::all_ok(batch.len()) })
    }
}
