//! Sleeps an hour in the host, where no epoch reaches it.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use millstream::plugin::batch_types::Outcome;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn poll_oneoff(on: *const Subscription, events: *mut [u64; 4], count: usize, n: *mut usize) -> u32;
}

/// WASI preview 1's subscription to a relative time of the monotonic clock.
#[repr(C)]
struct Subscription {
    user_data: u64,
    /// 0: a clock.
    tag: u64,
    /// 1: the monotonic one.
    clock: u64,
    nanoseconds: u64,
    precision: u64,
    flags: u64,
}

struct Sleep;

impl Guest for Sleep {
    fn handle(batch: Batch) -> BatchResult {
        let nanoseconds = 3_600_000_000_000;
        let on = Subscription { user_data: 0, tag: 0, clock: 1, nanoseconds, precision: 0, flags: 0 };
        let (mut events, mut n) = ([0; 4], 0);
        unsafe { poll_oneoff(&on, &mut events, 1, &mut n) };
        BatchResult { outcomes: vec![Outcome::Ok; batch.attempts.len()], ..Default::default() }
    }
}

export!(Sleep);
