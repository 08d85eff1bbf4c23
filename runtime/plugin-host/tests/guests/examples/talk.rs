//! Logs each message, with its place in the batch; logs without end when told to `flood`.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use millstream::plugin::batch_types::Outcome;
use millstream::plugin::logging::{Field, Level, log};

struct Talk;

impl Guest for Talk {
    fn handle(batch: Batch) -> BatchResult {
        let flood = batch.payloads.data == b"flood";
        let times = if flood { 1_000 } else { 1 };
        for i in 0..batch.attempts.len() {
            let index = Field { name: "millstream-index".into(), value: i.to_string() };
            let order = Field { name: "order_id".into(), value: format!("o{i}") };
            let note = Field { name: "note".into(), value: "two words".into() };
            for _ in 0..times {
                log(Level::Info, "handled", &[index.clone(), order.clone(), note.clone()]);
            }
        }
        BatchResult { outcomes: vec![Outcome::Ok; batch.attempts.len()], ..Default::default() }
    }
}

export!(Talk);
