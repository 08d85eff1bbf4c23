//! Where messages are in the journal.

mod runs;

use std::ops::Range;

use millstream_message::{Batch, BatchBuilder, MessageId};

use crate::codec::codec_struct;

pub(crate) use self::runs::Runs;

/// A run of messages of one batch that a record of the journal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stored {
    /// The record: its position in the log.
    pub position: u64,
    /// The batch: its number among those of the record.
    pub index: u32,
    /// The first message: its place in the batch.
    pub first: u32,
    /// Number of messages.
    pub len: u32,
}

codec_struct!(Stored { position, index, first, len });

impl Stored {
    /// Messages `range` of these.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self { first: self.first + range.start as u32, len: range.len() as u32, ..*self }
    }
}

/// Stands for messages that a damaged journal lost, until they are taken out.
pub(crate) fn placeholder(len: u32) -> Batch {
    let mut batch = BatchBuilder::with_capacity(len as usize, 0);
    for _ in 0..len {
        // Nothing at all is never too large.
        let _ = batch.push(MessageId::from_bytes([0; 16]), 0, None, [], &[]);
    }
    batch.build()
}

/// Stands for messages that are not fetched yet.
pub(crate) fn nothing() -> Batch {
    BatchBuilder::with_capacity(0, 0).build()
}
