//! Takes memory without end for a payload that contains "bomb"; hands every other message on.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

handler!(memory_bomb);

fn memory_bomb(message: Message<'_>, out: &mut Outputs<'_>) {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    while message.payload().windows(4).any(|part| part == b"bomb") {
        hoard.push(vec![1; 1 << 20]);
        std::hint::black_box(&hoard);
    }
    out.forward(message);
}
