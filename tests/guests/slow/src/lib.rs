//! Hands every message on, and takes milliseconds for each.
#![forbid(unsafe_code)]

use std::hint::black_box;

use millstream_sdk::{Message, Outputs, handler};

const TURNS: u64 = 8_000_000;

handler!(dawdle);

fn dawdle(message: Message<'_>, out: &mut Outputs<'_>) {
    let sum = (0..TURNS).fold(0u64, |sum, turn| black_box(sum.wrapping_mul(31).wrapping_add(turn)));
    black_box(sum);
    out.forward(message);
}
