//! Building a batch message by message, or gathering one from parts of others.

use std::fmt;

use crate::batch::{BATCH_OVERHEAD_BYTES, Batch, Columns, MESSAGE_OVERHEAD_BYTES, Message};
use crate::column::ColumnBuilder;
use crate::headers::HeaderBuilder;
use crate::id::MessageId;

/// The most bytes one batch holds: keeps every offset in 32 bits and stops one request or gather
/// from taking all memory.
pub const BATCH_BYTES_MAX: usize = 256 << 20;

/// Collects messages into a [`Batch`]. Allocates by column, never by message.
#[derive(Debug)]
pub struct BatchBuilder {
    ids: Vec<MessageId>,
    published_at: Vec<u64>,
    keys: ColumnBuilder,
    headers: HeaderBuilder,
    payloads: ColumnBuilder,
}

impl BatchBuilder {
    /// A builder with room for `messages` messages with `payload_bytes` bytes of payload in all.
    #[must_use]
    pub fn with_capacity(messages: usize, payload_bytes: usize) -> Self {
        Self {
            ids: Vec::with_capacity(messages),
            published_at: Vec::with_capacity(messages),
            keys: ColumnBuilder::with_capacity(messages, 0),
            headers: HeaderBuilder::with_capacity(messages),
            payloads: ColumnBuilder::with_capacity(messages, payload_bytes),
        }
    }

    /// Appends one message. `published_at` is in milliseconds since the Unix epoch; header names
    /// must be lower case; an empty key is no key.
    ///
    /// # Errors
    /// The batch would pass [`BATCH_BYTES_MAX`]; nothing was appended.
    pub fn push<'h>(
        &mut self,
        id: MessageId,
        published_at: u64,
        key: Option<&str>,
        headers: impl IntoIterator<Item = (&'h str, &'h str)> + Clone,
        payload: &[u8],
    ) -> Result<(), BatchTooLarge> {
        let key = key.unwrap_or_default().as_bytes();
        let header_bytes: usize = headers.clone().into_iter().map(|(n, v)| n.len() + v.len()).sum();
        self.room_for(payload.len() + key.len() + header_bytes)?;
        for (name, value) in headers {
            self.headers.push(name, value);
        }
        self.headers.end_message();
        self.ids.push(id);
        self.published_at.push(published_at);
        self.keys.push(key);
        self.payloads.push(payload);
        Ok(())
    }

    /// Appends a copy of `message`.
    ///
    /// # Errors
    /// As [`BatchBuilder::push`].
    pub fn push_message(&mut self, message: Message<'_>) -> Result<(), BatchTooLarge> {
        self.push(
            message.id(),
            message.published_at(),
            message.key(),
            message.headers(),
            message.payload(),
        )
    }

    /// Appends all of `batch` by one copy a column.
    ///
    /// # Errors
    /// As [`BatchBuilder::push`].
    pub fn extend(&mut self, batch: &Batch) -> Result<(), BatchTooLarge> {
        self.room_for(batch.bytes())?;
        self.ids.extend_from_slice(batch.ids());
        self.published_at.extend_from_slice(batch.published_at());
        self.keys.extend(batch.keys());
        self.headers.extend(batch.headers());
        self.payloads.extend(batch.payloads());
        Ok(())
    }

    /// Number of messages so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no message was appended yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Bytes so far, as [`Batch::bytes`] counts them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.ids.len() * MESSAGE_OVERHEAD_BYTES
            + self.keys.bytes()
            + self.headers.bytes()
            + self.payloads.bytes()
    }

    /// Memory that the finished batch would hold, as [`Batch::resident_bytes`] counts it; spare
    /// room is not counted.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        let positions = 2 * (self.ids.len() + 1) + self.headers.positions();
        BATCH_OVERHEAD_BYTES + self.bytes() + positions * size_of::<u32>()
    }

    /// The finished batch.
    #[must_use]
    pub fn build(self) -> Batch {
        Batch::from_parts(Columns {
            ids: self.ids,
            published_at: self.published_at,
            keys: self.keys.build(),
            headers: self.headers.build(),
            payloads: self.payloads.build(),
        })
    }

    fn room_for(&self, bytes: usize) -> Result<(), BatchTooLarge> {
        if self.bytes() + bytes > BATCH_BYTES_MAX { Err(BatchTooLarge) } else { Ok(()) }
    }
}

impl Batch {
    /// One batch from parts in order: the part itself when there is just one, else one copy a
    /// column and part.
    ///
    /// # Errors
    /// The parts pass [`BATCH_BYTES_MAX`] together.
    pub fn gather(parts: &[Batch]) -> Result<Self, BatchTooLarge> {
        if let [part] = parts {
            return Ok(part.clone());
        }
        let messages = parts.iter().map(Batch::len).sum();
        let bytes = parts.iter().map(|part| part.payloads().data().len()).sum();
        let mut builder = BatchBuilder::with_capacity(messages, bytes);
        parts.iter().try_for_each(|part| builder.extend(part))?;
        Ok(builder.build())
    }

    /// A copy that shares nothing with `self`: keeping it keeps no larger batch in memory.
    #[must_use]
    pub fn copy_out(&self) -> Self {
        let mut builder = BatchBuilder::with_capacity(self.len(), self.payloads().data().len());
        match builder.extend(self) {
            Ok(()) => builder.build(),
            Err(BatchTooLarge) => self.clone(),
        }
    }
}

/// The batch would pass [`BATCH_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchTooLarge;

impl fmt::Display for BatchTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the batch would pass {} MiB: send it in smaller parts", BATCH_BYTES_MAX >> 20)
    }
}

impl std::error::Error for BatchTooLarge {}
