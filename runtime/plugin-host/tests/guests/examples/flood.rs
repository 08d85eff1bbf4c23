//! Publishes one message of as many bytes as the payload says.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use millstream::plugin::batch_types::{Column, Outcome, OutgoingColumns};

struct Flood;

impl Guest for Flood {
    fn handle(batch: Batch) -> BatchResult {
        let n = batch.attempts.len();
        let bytes: usize = String::from_utf8(batch.payloads.data).unwrap().parse().unwrap();
        let mut starts = vec![1; n + 1];
        starts[0] = 0;
        BatchResult {
            outcomes: vec![Outcome::Ok; n],
            outgoing: OutgoingColumns {
                starts,
                payloads: Column { offsets: vec![0, bytes as u32], data: vec![b'x'; bytes] },
                ..Default::default()
            },
            ..Default::default()
        }
    }
}

export!(Flood);
