//! Keeps as many MiB as the payload says, for ever.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use std::sync::Mutex;

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use millstream::plugin::batch_types::Outcome;

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

struct Hoard;

impl Guest for Hoard {
    fn handle(batch: Batch) -> BatchResult {
        let mib: usize = String::from_utf8(batch.payloads.data).unwrap().parse().unwrap();
        KEPT.lock().unwrap().push(vec![1; mib << 20]);
        BatchResult { outcomes: vec![Outcome::Ok; batch.attempts.len()], ..Default::default() }
    }
}

export!(Hoard);
