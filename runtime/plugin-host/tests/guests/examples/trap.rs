//! Logs the payload as an error, unless it is empty, and traps, unless it is `calm`.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use millstream::plugin::batch_types::Outcome;
use millstream::plugin::logging::{Level, log};

struct Trap;

impl Guest for Trap {
    fn handle(batch: Batch) -> BatchResult {
        let n = batch.attempts.len();
        let words = String::from_utf8(batch.payloads.data).unwrap();
        if !words.is_empty() {
            log(Level::Error, &words, &[]);
        }
        if words == "calm" {
            return BatchResult { outcomes: vec![Outcome::Ok; n], ..Default::default() };
        }
        fall_into_the_pit()
    }
}

#[inline(never)]
fn fall_into_the_pit() -> ! {
    core::arch::wasm32::unreachable()
}

export!(Trap);
