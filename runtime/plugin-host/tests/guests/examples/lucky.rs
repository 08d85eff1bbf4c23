//! Starts three times of four, by luck, and traps on every message but `calm` ones.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "configurable-batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use exports::millstream::plugin::lifecycle::Guest as Lifecycle;
use millstream::plugin::batch_types::Outcome;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(buffer: *mut u8, length: usize) -> u32;
}

struct Lucky;

impl Lifecycle for Lucky {
    fn configure(_: String) -> Result<(), String> {
        let mut byte = 0;
        unsafe { random_get(&mut byte, 1) };
        if byte % 4 > 0 { Ok(()) } else { core::arch::wasm32::unreachable() }
    }
}

impl Guest for Lucky {
    fn handle(batch: Batch) -> BatchResult {
        if batch.payloads.data != b"calm" {
            core::arch::wasm32::unreachable()
        }
        BatchResult { outcomes: vec![Outcome::Ok; batch.attempts.len()], ..Default::default() }
    }
}

export!(Lucky);
