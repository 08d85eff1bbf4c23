//! Asks the host for random bytes, or for the time, for ever.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(bytes: *mut u8, len: usize) -> u32;
    fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> u32;
}

struct Gamble;

impl Guest for Gamble {
    fn handle(batch: Batch) -> BatchResult {
        let (mut bytes, mut time) = (vec![0; 1 << 20], 0);
        let random = batch.payloads.data == b"random";
        loop {
            let error = match random {
                true => unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) },
                false => unsafe { clock_time_get(1, 0, &mut time) },
            };
            assert_eq!(error, 0);
        }
    }
}

export!(Gamble);
