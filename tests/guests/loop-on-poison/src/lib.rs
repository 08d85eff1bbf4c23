//! Never returns from a payload that contains "poison"; hands every other message on.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

handler!(loop_on_poison);

fn loop_on_poison(message: Message<'_>, out: &mut Outputs<'_>) {
    while message.payload().windows(6).any(|part| part == b"poison") {
        std::hint::spin_loop();
    }
    out.forward(message);
}
