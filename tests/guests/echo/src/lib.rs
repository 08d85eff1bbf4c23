//! Hands every message on as it came: the least a plugin can do.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

handler!(echo);

fn echo(message: Message<'_>, out: &mut Outputs<'_>) {
    out.forward(message);
}
