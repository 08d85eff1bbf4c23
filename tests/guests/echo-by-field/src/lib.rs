//! Hands every message on by writing each of its parts anew: what a plugin pays that makes messages
//! of its own.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

handler!(echo);

fn echo(message: Message<'_>, out: &mut Outputs<'_>) {
    let output = out.push(message.payload()).key(message.key().unwrap_or_default());
    message.headers().fold(output, |output, (name, value)| output.header(name, value));
}
