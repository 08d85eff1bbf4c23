//! Panics on a payload that contains "poison"; hands every other message on.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

handler!(trap_on_poison);

fn trap_on_poison(message: Message<'_>, out: &mut Outputs<'_>) {
    if message.payload().windows(6).any(|part| part == b"poison") {
        panic!("swallowed poison");
    }
    out.forward(message);
}
