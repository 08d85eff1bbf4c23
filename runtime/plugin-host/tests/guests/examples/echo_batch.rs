//! Hands every message back: keys, headers and payloads as they came.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use millstream::plugin::batch_types::{Outcome, OutgoingColumns};

struct Echo;

impl Guest for Echo {
    fn handle(batch: Batch) -> BatchResult {
        let n = batch.attempts.len();
        BatchResult {
            outcomes: vec![Outcome::Ok; n],
            outgoing: OutgoingColumns {
                starts: (0..=n as u32).collect(),
                keys: batch.keys,
                headers: batch.headers,
                payloads: batch.payloads,
                ..Default::default()
            },
            ..Default::default()
        }
    }
}

export!(Echo);
