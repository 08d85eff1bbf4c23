//! Hands every message on, and asks for one in fifty to be delivered again first. Says by a header who
//! it is: `falter-too` is the same under another name.
#![forbid(unsafe_code)]

use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(falter);

fn falter(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let key = message.key().and_then(|key| number(key.strip_prefix("key-")?));
    let payload = std::str::from_utf8(message.payload()).ok().and_then(number);
    if message.attempt() == 1 && key.zip(payload).is_some_and(falters) {
        return Err(Failure::retry("not at once"));
    }
    out.forward(message).header("by", env!("CARGO_PKG_NAME"));
    Ok(())
}

/// As by chance, and the same for the same message: who swaps versions takes chance for granted. The
/// test that swaps them says it alike.
fn falters((key, payload): (u64, u64)) -> bool {
    let mixed = (key << 32 | payload).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32 < (1 << 32) / 50
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}
