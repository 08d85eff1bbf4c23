//! What a source is.

use async_trait::async_trait;
use bytes::Bytes;
use millstream_formats::{Format, MessageLimits, Pointer, Refused};
use millstream_message::{Column, HeaderColumns};

use crate::error::SourceError;

/// Gives messages, as fast as it is asked for them.
#[async_trait]
pub trait Source: Send {
    /// The next messages; `None` when the source has ended, and ever after.
    ///
    /// Cancel-safe: dropping the future loses nothing.
    ///
    /// # Errors
    /// The source broke off; it has then ended.
    async fn next(&mut self, limits: ChunkLimits) -> Result<Option<Chunk>, SourceError>;

    /// Goes on behind the chunk whose [`Chunk::position`] is `at`; called before the first
    /// [`Source::next`] or never. A source that gives no positions has nothing to go on from: it
    /// starts as it always does.
    ///
    /// # Errors
    /// What it read then is not what it would read now: going on would lose or repeat messages.
    fn resume(&mut self, _at: &[u8]) -> Result<(), SourceError> {
        Ok(())
    }

    /// What the source reads, as people name it: a path, `stdin`, or a schedule.
    fn place(&self) -> &str;

    /// Whether the source never ends by itself: a host that waits for its sources to end does not
    /// wait for this one.
    fn endless(&self) -> bool {
        false
    }
}

/// How much one chunk may hold: the first bound reached ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Most messages and refused lines together.
    pub messages_max: usize,
    /// Bytes (as [`millstream_message::Batch::bytes`] counts) that end the chunk: it passes them
    /// by less than its last message.
    pub bytes_max: usize,
}

/// What a source read since the last chunk: messages that lack only ids and times, and what did
/// not become one.
#[derive(Debug)]
pub struct Chunk {
    /// The payloads, in order; may be none where all lines were empty or refused.
    pub payloads: Column,
    /// As many keys; an empty item means no key.
    pub keys: Column,
    /// As many messages' headers; none where no message has one.
    pub headers: Option<HeaderColumns>,
    /// [`millstream_formats::dedup_hash`] of each message's dedup id, 0 for none; or empty where
    /// no message has one.
    pub dedup: Vec<u128>,
    /// Lines that did not become messages.
    pub refused: Vec<Refused>,
    /// Empty lines.
    pub skipped_empty: u64,
    /// Where the source stands behind this chunk, for [`Source::resume`]; opaque to others. None
    /// where it cannot resume.
    pub position: Option<Bytes>,
}

/// How lines become messages.
#[derive(Clone, Debug)]
pub struct LineRules {
    /// What a line is.
    pub format: Format,
    /// Where the payload holds the key; none: messages have no key.
    pub key_from: Option<Pointer>,
    /// Where the payload holds the dedup id; none: messages have no dedup id.
    pub dedup_from: Option<Pointer>,
    /// Bounds on each message.
    pub limits: MessageLimits,
}
