//! A message as it was before it was given up.

use jiff::Timestamp;
use millstream_formats::DEAD_LETTER_PREFIX;
use millstream_message::{Batch, BatchBuilder, Message, MessageId};

/// The message that a dead letter, the only one of `letter`, tells of; with another payload if one
/// is given. A letter that does not say what the message was called keeps its own id and time.
pub(super) fn restored(letter: &Batch, payload: Option<&[u8]>) -> Batch {
    let message = letter.get(0);
    let payload = payload.unwrap_or(message.payload());
    let told = |name: &str| told(message, name);
    let id = original_id(message);
    let published_at = told("published-at").and_then(unix_ms).unwrap_or(message.published_at());
    let own = message.headers().filter(|(name, _)| !name.starts_with(DEAD_LETTER_PREFIX));
    let mut builder = BatchBuilder::with_capacity(1, payload.len());
    match builder.push(id, published_at, message.key(), own, payload) {
        Ok(()) => builder.build(),
        // One message that came out of a batch is not too large for one.
        Err(_) => letter.clone(),
    }
}

/// The id that the message had before it was given up.
pub(super) fn original_id(letter: Message<'_>) -> MessageId {
    told(letter, "id").and_then(|id| id.parse().ok()).unwrap_or(letter.id())
}

/// What the letter's story says under `name`.
pub(super) fn told<'a>(letter: Message<'a>, name: &str) -> Option<&'a str> {
    let of_story = |header: &str| header.strip_prefix(DEAD_LETTER_PREFIX) == Some(name);
    letter.headers().find(|(header, _)| of_story(header)).map(|(_, value)| value)
}

fn unix_ms(time: &str) -> Option<u64> {
    u64::try_from(time.parse::<Timestamp>().ok()?.as_millisecond()).ok()
}
