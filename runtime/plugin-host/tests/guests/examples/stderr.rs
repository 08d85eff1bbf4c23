//! Writes the payload to stderr by way of WASI preview 1, and traps unless it is `calm`.

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
    fn fd_write(fd: u32, pieces: *const Piece, count: usize, written: *mut usize) -> u32;
}

#[repr(C)]
struct Piece {
    start: *const u8,
    len: usize,
}

struct Stderr;

impl Guest for Stderr {
    fn handle(batch: Batch) -> BatchResult {
        let text = &batch.payloads.data;
        let piece = Piece { start: text.as_ptr(), len: text.len() };
        let mut written = 0;
        assert_eq!(unsafe { fd_write(2, &piece, 1, &mut written) }, 0);
        if text != b"calm" {
            core::arch::wasm32::unreachable();
        }
        BatchResult { outcomes: vec![Outcome::Ok; batch.attempts.len()], ..Default::default() }
    }
}

export!(Stderr);
