//! Hands every message on with the header `by: stamp`: another version of `echo` that can be told
//! from it by what comes out.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

handler!(stamp);

fn stamp(message: Message<'_>, out: &mut Outputs<'_>) {
    out.forward(message).header("by", "stamp");
}
