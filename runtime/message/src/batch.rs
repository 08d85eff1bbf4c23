//! Many messages of one topic, by column.

use std::ops::Range;
use std::sync::Arc;

use crate::column::{Column, ColumnSlice};
use crate::headers::{HeaderColumns, HeaderIter, HeaderSlice, text};
use crate::id::MessageId;

/// What one message costs beside its columns' bytes: id and time.
pub const MESSAGE_OVERHEAD_BYTES: usize = size_of::<MessageId>() + size_of::<u64>();

/// What one batch costs beside its messages: the reference-counted block and its vectors' headers.
pub(crate) const BATCH_OVERHEAD_BYTES: usize = size_of::<Columns>() + 2 * size_of::<usize>();

/// Messages of one topic, immutable and reference counted. Cloning and slicing share the columns.
#[derive(Clone, Debug)]
pub struct Batch {
    columns: Arc<Columns>,
    start: u32,
    end: u32,
}

#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) ids: Vec<MessageId>,
    /// Milliseconds since the Unix epoch.
    pub(crate) published_at: Vec<u64>,
    /// An empty item means no key.
    pub(crate) keys: Column,
    pub(crate) headers: HeaderColumns,
    pub(crate) payloads: Column,
}

impl Batch {
    /// A batch from whole columns, without copying a message.
    ///
    /// `None` when the columns do not all hold the same number of messages.
    #[must_use]
    pub fn from_columns(
        ids: Vec<MessageId>,
        published_at: Vec<u64>,
        keys: Column,
        headers: HeaderColumns,
        payloads: Column,
    ) -> Option<Self> {
        let n = ids.len();
        let lengths = [published_at.len(), keys.len(), headers.len(), payloads.len()];
        lengths
            .iter()
            .all(|&len| len == n)
            .then(|| Self::from_parts(Columns { ids, published_at, keys, headers, payloads }))
    }

    pub(crate) fn from_parts(columns: Columns) -> Self {
        let end = columns.ids.len() as u32;
        Self { columns: Arc::new(columns), start: 0, end }
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether there are no messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Messages `range` of this batch, sharing its columns. Panics when out of range.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "slice out of range");
        let start = self.start + range.start as u32;
        Self { columns: Arc::clone(&self.columns), start, end: self.start + range.end as u32 }
    }

    /// Message `i`. Panics when `i` is not less than [`Batch::len`].
    #[must_use]
    pub fn get(&self, i: usize) -> Message<'_> {
        assert!(i < self.len(), "message out of range");
        Message { columns: &self.columns, index: self.start as usize + i }
    }

    /// The messages in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { batch: self, range: 0..self.len() }
    }

    /// The ids.
    #[must_use]
    pub fn ids(&self) -> &[MessageId] {
        &self.columns.ids[self.range()]
    }

    /// When the topic accepted each message: milliseconds since the Unix epoch.
    #[must_use]
    pub fn published_at(&self) -> &[u64] {
        &self.columns.published_at[self.range()]
    }

    /// The keys; an empty item means no key.
    #[must_use]
    pub fn keys(&self) -> ColumnSlice<'_> {
        self.columns.keys.slice(self.range())
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> HeaderSlice<'_> {
        self.columns.headers.slice(self.range())
    }

    /// The bodies.
    #[must_use]
    pub fn payloads(&self) -> ColumnSlice<'_> {
        self.columns.payloads.slice(self.range())
    }

    /// Bytes that these messages carry: ids, times, keys, headers, payloads. Constant time.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let headers = self.headers();
        self.len() * MESSAGE_OVERHEAD_BYTES
            + self.keys().data().len()
            + headers.names().data().len()
            + headers.values().data().len()
            + self.payloads().data().len()
    }

    /// Whether this is all of its columns, not a part of them.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.len() == self.columns.ids.len()
    }

    /// Memory that the shared columns hold, whatever part of them this batch is.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        let columns = &*self.columns;
        BATCH_OVERHEAD_BYTES
            + columns.ids.len() * MESSAGE_OVERHEAD_BYTES
            + columns.keys.resident_bytes()
            + columns.headers.resident_bytes()
            + columns.payloads.resident_bytes()
    }

    fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A borrowed view of one message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    columns: &'a Columns,
    index: usize,
}

impl<'a> Message<'a> {
    /// The message's name.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.columns.ids[self.index]
    }

    /// The key, or none.
    #[must_use]
    pub fn key(&self) -> Option<&'a str> {
        Some(text(self.columns.keys.get(self.index))).filter(|key| !key.is_empty())
    }

    /// The headers in the order the producer set them.
    #[must_use]
    pub fn headers(&self) -> HeaderIter<'a> {
        self.columns.headers.slice(self.index..self.index + 1).of(0)
    }

    /// The value of the first header called `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The body.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.columns.payloads.get(self.index)
    }

    /// When the topic accepted the message: milliseconds since the Unix epoch.
    #[must_use]
    pub fn published_at(&self) -> u64 {
        self.columns.published_at[self.index]
    }

    /// Where the message belongs when work is shared out by key: a hash of the key, or of the id
    /// when it has none.
    #[must_use]
    pub fn key_hash(&self) -> u64 {
        match self.order_hash() {
            0 => xxhash_rust::xxh3::xxh3_64(self.id().as_bytes()),
            hash => hash,
        }
    }

    /// What orders the message by its key: a hash of it; none for a message without a key.
    #[must_use]
    pub fn order_key(&self) -> Option<u64> {
        Some(self.order_hash()).filter(|hash| *hash != 0)
    }

    /// A hash of the key; 0 when there is none. Messages of one key have one hash.
    #[must_use]
    pub fn order_hash(&self) -> u64 {
        match self.columns.keys.get(self.index) {
            [] => 0,
            key => xxhash_rust::xxh3::xxh3_64(key).max(1),
        }
    }
}

/// [`Message::order_hash`] of messages with this key.
#[must_use]
pub fn order_hash_of(key: &str) -> u64 {
    if key.is_empty() { 0 } else { xxhash_rust::xxh3::xxh3_64(key.as_bytes()).max(1) }
}

/// The messages of a batch in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    batch: &'a Batch,
    range: Range<usize>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.range.next().map(|i| self.batch.get(i))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Batch {
    type Item = Message<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
