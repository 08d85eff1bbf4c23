//! Hands messages on as they came: one a call, or as many as there are.

use extism_pdk::{plugin_fn, FnResult};

/// Bytes of a length: a little-endian number in front of each message.
const LENGTH: usize = 4;

/// One message.
#[plugin_fn]
pub fn echo(message: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(message)
}

/// Messages that each have their length in front. What is written is written message by message, as a
/// plugin has to that does more than this.
#[plugin_fn]
pub fn echo_batch(messages: Vec<u8>) -> FnResult<Vec<u8>> {
    let mut written = Vec::with_capacity(messages.len());
    let mut rest = &messages[..];
    while let Some((length, after)) = rest.split_first_chunk::<LENGTH>() {
        let message = &after[..u32::from_le_bytes(*length) as usize];
        written.extend_from_slice(length);
        written.extend_from_slice(message);
        rest = &after[message.len()..];
    }
    Ok(written)
}
