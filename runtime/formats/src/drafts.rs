//! Messages by column that lack only ids and times.

use millstream_message::{
    BATCH_BYTES_MAX, Batch, BatchTooLarge, Column, ColumnBuilder, HeaderBuilder, HeaderColumns,
    MESSAGE_OVERHEAD_BYTES, MessageId,
};

use crate::limits::MessageLimits;
use crate::refusal::Reason;
use crate::terms::{TermColumns, Terms, check_dedup_id};

/// Messages on their way in, in order. Allocates by column, never by message.
#[derive(Debug)]
pub struct Drafts {
    limits: MessageLimits,
    keys: ColumnBuilder,
    headers: HeaderBuilder,
    payloads: ColumnBuilder,
    terms: TermColumns,
    bytes: usize,
}

/// Messages by column, without ids and times.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// The keys; an empty item means no key.
    pub keys: Column,
    /// The headers.
    pub headers: HeaderColumns,
    /// The bodies.
    pub payloads: Column,
    /// [`crate::dedup_hash`] of each message's dedup id, 0 for none; or empty when none has one.
    pub dedup: Vec<u128>,
    /// Milliseconds from the publish until each is visible, 0 for none; or empty.
    pub delays_ms: Vec<u64>,
    /// Milliseconds from the publish until each expires, 0 for none; or empty.
    pub expires_in_ms: Vec<u64>,
}

/// Messages as a batch, and what they ask for.
#[derive(Clone, Debug)]
pub struct DraftedBatch {
    /// The messages.
    pub batch: Batch,
    /// As [`Drafted::dedup`].
    pub dedup: Vec<u128>,
    /// As [`Drafted::delays_ms`].
    pub delays_ms: Vec<u64>,
    /// As [`Drafted::expires_in_ms`].
    pub expires_in_ms: Vec<u64>,
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
            terms: TermColumns::default(),
            bytes: 0,
        }
    }

    /// Appends one message. Header names must be what [`crate::header_name`] gave; an empty key is
    /// no key.
    ///
    /// # Errors
    /// [`Reason::TooLarge`]: the message or its dedup id passes the limits, or all together
    /// [`BATCH_BYTES_MAX`]; nothing was appended.
    pub fn push<'h>(
        &mut self,
        key: Option<&str>,
        headers: impl IntoIterator<Item = (&'h str, &'h str)> + Clone,
        payload: &[u8],
        terms: Terms<'_>,
    ) -> Result<(), Reason> {
        check_dedup_id(terms.dedup_id.unwrap_or_default())?;
        let key = key.unwrap_or_default();
        let in_headers: usize = headers.clone().into_iter().map(|(n, v)| n.len() + v.len()).sum();
        self.limits.check(payload.len(), key.len() + in_headers)?;
        self.grow(payload.len() + key.len() + in_headers)?;
        for (name, value) in headers {
            self.headers.push(name, value);
        }
        self.headers.end_message();
        self.terms.push(self.len(), terms);
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

    /// Gives every message without a dedup id one made of the request's: `id` itself where there
    /// is one message, else `id/i` for message `i`.
    ///
    /// # Errors
    /// [`Reason::TooLarge`]: the id is longer than [`crate::DEDUP_ID_BYTES_MAX`].
    pub fn name_nameless(&mut self, id: &str) -> Result<(), Reason> {
        check_dedup_id(id)?;
        self.terms.name_nameless(self.len(), id);
        Ok(())
    }

    /// The messages as a batch, without what they ask for: published at the stamp's time, under ids
    /// that ascend from it.
    #[must_use]
    pub fn into_batch(self, stamp: Stamp) -> Batch {
        self.into_parts(stamp).batch
    }

    /// The messages as a batch, as [`Drafts::into_batch`] makes it, and what they ask for.
    #[must_use]
    #[expect(clippy::expect_used, reason = "`push` adds one item to each column")]
    pub fn into_parts(self, stamp: Stamp) -> DraftedBatch {
        let n = self.len();
        let id =
            |i: usize| MessageId::published(stamp.unix_ms, stamp.random.wrapping_add(i as u128));
        let ids = (0..n).map(id).collect();
        let columns = self.into_columns();
        let Drafted { keys, headers, payloads, dedup, delays_ms, expires_in_ms } = columns;
        let batch = Batch::from_columns(ids, vec![stamp.unix_ms; n], keys, headers, payloads)
            .expect("columns of one length");
        DraftedBatch { batch, dedup, delays_ms, expires_in_ms }
    }

    /// The messages by column.
    #[must_use]
    pub fn into_columns(mut self) -> Drafted {
        self.terms.end(self.len());
        let TermColumns { dedup, delays_ms, expires_in_ms } = self.terms;
        Drafted {
            keys: self.keys.build(),
            headers: self.headers.build(),
            payloads: self.payloads.build(),
            dedup,
            delays_ms,
            expires_in_ms,
        }
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
