//! Names of messages: 16 bytes inside, text only at the edges.

use std::fmt;
use std::str::FromStr;

use uuid::{Builder, Uuid};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// The name of one message, unique within its topic and the same in every delivery.
///
/// A published message has a UUIDv7 (it sorts by time), an output of a handler a UUIDv8 that
/// follows from what caused it, so that a repeated delivery produces the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId([u8; 16]);

impl MessageId {
    /// Length of an id as text: the hyphenated form of a UUID.
    pub const TEXT_LEN: usize = 36;

    /// The id of a published message: UUIDv7 from milliseconds since the Unix epoch and random
    /// bits. Add 1 to `random` for the next message of the same batch: ids of one batch then
    /// ascend unless the 74 random bits wrap.
    #[must_use]
    pub fn published(unix_ms: u64, random: u128) -> Self {
        // The UUID takes 12 bits of the first two bytes and 62 of the other eight.
        let (high, low) = ((random >> 62) as u16 & 0x0fff, random as u64 & (u64::MAX >> 2));
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&high.to_be_bytes());
        bytes[2..].copy_from_slice(&low.to_be_bytes());
        Self(Builder::from_unix_timestamp_millis(unix_ms, &bytes).into_uuid().into_bytes())
    }

    /// The id from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Writes the id as text into `buffer` and returns it as `&str`. Allocates nothing.
    pub fn encode<'a>(&self, buffer: &'a mut [u8; Self::TEXT_LEN]) -> &'a str {
        Uuid::from_bytes(self.0).hyphenated().encode_lower(buffer)
    }

    /// The id of this message's dead letter: follows from the message and the subscription that
    /// gave it up, so that a repeated settle names the same dead letter.
    #[must_use]
    pub fn dead_letter(&self, subscription: &str) -> Self {
        let mut hash = Xxh3::new();
        hash.update(b"dead-letter");
        hash.update(&self.0);
        hash.update(subscription.as_bytes());
        Self::from_hash(hash.digest128())
    }

    fn from_hash(hash: u128) -> Self {
        Self(Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid().into_bytes())
    }
}

/// Ids of the outputs of one subscription: a 128-bit hash of pipeline name, subscription name,
/// input id and output index, as UUIDv8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputIds {
    names: [u8; 16],
}

impl OutputIds {
    /// Ids for what `subscription` of `pipeline` puts out.
    #[must_use]
    pub fn new(pipeline: &str, subscription: &str) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&(pipeline.len() as u64).to_le_bytes());
        hash.update(pipeline.as_bytes());
        hash.update(subscription.as_bytes());
        Self { names: hash.digest128().to_le_bytes() }
    }

    /// The id of the `index`-th output that handling `input` gave.
    #[must_use]
    pub fn id(&self, input: &MessageId, index: u32) -> MessageId {
        let mut bytes = [0; 36];
        bytes[..16].copy_from_slice(&self.names);
        bytes[16..32].copy_from_slice(&input.0);
        bytes[32..].copy_from_slice(&index.to_le_bytes());
        MessageId::from_hash(xxh3_128(&bytes))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; Self::TEXT_LEN]))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a message id: expected 36 characters such as 01980a3c-6f1e-7d20-8c4b-5f2a9e01d3b7",
        )
    }
}

impl std::error::Error for IdError {}

impl FromStr for MessageId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::parse_str(text).map(|uuid| Self(uuid.into_bytes())).map_err(|_| IdError)
    }
}
