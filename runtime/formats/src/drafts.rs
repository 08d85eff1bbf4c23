//! Messages by column that lack only ids and times.

use millstream_message::{
    BATCH_BYTES_MAX, Batch, BatchTooLarge, Column, ColumnBuilder, HeaderBuilder, HeaderColumns,
    MESSAGE_OVERHEAD_BYTES, MessageId,
};

use crate::limits::MessageLimits;
use crate::refusal::Reason;

/// Messages on their way in, in order. Allocates by column, never by message.
#[derive(Debug)]
pub struct Drafts {
    limits: MessageLimits,
    keys: ColumnBuilder,
    headers: HeaderBuilder,
    payloads: ColumnBuilder,
    bytes: usize,
}

/// What the caller's clock and randomness say at the moment of publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// Random bits of the first id; those of the next count up from it.
    pub random: u128,
}

impl Drafts {
    /// No messages yet; each must keep within `limits`.
    #[must_use]
    pub fn new(limits: MessageLimits) -> Self {
        Self {
            limits,
            keys: ColumnBuilder::with_capacity(0, 0),
            headers: HeaderBuilder::with_capacity(0),
            payloads: ColumnBuilder::with_capacity(0, 0),
            bytes: 0,
        }
    }

    /// Appends one message. Header names must be what [`crate::header_name`] gave; an empty key is
    /// no key.
    ///
    /// # Errors
    /// [`Reason::TooLarge`]: the message passes the limits, or all together [`BATCH_BYTES_MAX`];
    /// nothing was appended.
    pub fn push<'h>(
        &mut self,
        key: Option<&str>,
        headers: impl IntoIterator<Item = (&'h str, &'h str)> + Clone,
        payload: &[u8],
    ) -> Result<(), Reason> {
        let key = key.unwrap_or_default();
        let in_headers: usize = headers.clone().into_iter().map(|(n, v)| n.len() + v.len()).sum();
        self.limits.check(payload.len(), key.len() + in_headers)?;
        self.grow(payload.len() + key.len() + in_headers)?;
        for (name, value) in headers {
            self.headers.push(name, value);
        }
        self.headers.end_message();
        self.keys.push(key.as_bytes());
        self.payloads.push(payload);
        Ok(())
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payloads.len()
    }

    /// Whether there are no messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// Bytes of the messages, as [`Batch::bytes`] will count them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The messages as a batch: published at the stamp's time, under ids that ascend from it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "`push` adds one item to each column")]
    pub fn into_batch(self, stamp: Stamp) -> Batch {
        let n = self.len();
        let id =
            |i: usize| MessageId::published(stamp.unix_ms, stamp.random.wrapping_add(i as u128));
        let ids = (0..n).map(id).collect();
        let (keys, headers, payloads) = self.into_columns();
        Batch::from_columns(ids, vec![stamp.unix_ms; n], keys, headers, payloads)
            .expect("columns of one length")
    }

    /// The keys (an empty item means none), headers and payloads of the messages.
    #[must_use]
    pub fn into_columns(self) -> (Column, HeaderColumns, Column) {
        (self.keys.build(), self.headers.build(), self.payloads.build())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Reason> {
        let bytes = self.bytes + bytes + MESSAGE_OVERHEAD_BYTES;
        if bytes > BATCH_BYTES_MAX {
            return Err(Reason::TooLarge(BatchTooLarge.to_string()));
        }
        self.bytes = bytes;
        Ok(())
    }
}
