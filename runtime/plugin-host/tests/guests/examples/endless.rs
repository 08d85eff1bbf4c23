//! Never ends.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};

struct Endless;

impl Guest for Endless {
    fn handle(batch: Batch) -> BatchResult {
        run_for_ever(batch.attempts.len())
    }
}

#[inline(never)]
fn run_for_ever(mut n: usize) -> ! {
    loop {
        n = std::hint::black_box(n + 1);
    }
}

export!(Endless);
