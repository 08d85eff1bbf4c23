//! An entry as a checkpoint has it.

use millstream_message::{Batch, BatchBuilder};

use super::{Content, Entry, Expires, Left};
use crate::codec::{Codec, Malformed};

/// How the content is told in a checkpoint.
const OPEN: u8 = 1;
const CLOSED: u8 = 2;
const RELEASED: u8 = 3;

/// Without the messages: the journal has them.
impl Codec for Entry {
    fn put(&self, out: &mut Vec<u8>) {
        self.base.put(out);
        self.arrived.put(out);
        self.completed.put(out);
        (self.charged, self.newest_ms).put(out);
        self.expires.put(out);
        self.stored.put(out);
        self.len.put(out);
        match &self.content {
            Content::Open(_) => OPEN,
            Content::Sealed(_) | Content::Stored(_) => CLOSED,
            Content::Released => RELEASED,
        }
        .put(out);
        self.left.put(out);
        self.gone.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let (base, arrived, completed) = (u64::get(from)?, Codec::get(from)?, Codec::get(from)?);
        let (charged, newest_ms) = Codec::get(from)?;
        let (expires, stored, len) = (Codec::get(from)?, Codec::get(from)?, Codec::get(from)?);
        let content = match u8::get(from)? {
            OPEN => Content::Open(Box::new(BatchBuilder::with_capacity(0, 0))),
            CLOSED => Content::Stored(Vec::new()),
            RELEASED => Content::Released,
            _ => return Err(Malformed("no such content")),
        };
        let (left, gone) = (Codec::get(from)?, Codec::get(from)?);
        Ok(Self {
            base,
            arrived,
            completed,
            charged,
            expires,
            newest_ms,
            stored,
            len,
            content,
            hashes: Vec::new(),
            left,
            gone,
        })
    }
}

/// Filling what was read from a checkpoint.
impl Entry {
    /// The end of the log takes its messages back, and goes on taking more.
    pub(in crate::core) fn reopen(&mut self, batch: &Batch) -> bool {
        match &mut self.content {
            Content::Open(builder) => {
                builder.extend(batch).is_ok() && builder.len() == self.len as usize
            }
            _ => false,
        }
    }

    /// The ids of dead letters stay at hand.
    pub(in crate::core) fn remember_ids(&mut self, batch: &Batch) {
        if let Content::Stored(ids) = &mut self.content {
            *ids = batch.ids().to_vec();
        }
    }
}

impl Codec for Expires {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Never => None,
            Self::Each(each) => Some(each.clone()),
        }
        .put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        Ok(Option::get(from)?.map_or(Self::Never, Self::Each))
    }
}

impl Codec for Left {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::One(left) => {
                (None::<Vec<u16>>, *left).put(out);
            }
            Self::Many { readers, messages } => (Some(readers.clone()), *messages).put(out),
        }
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let (readers, messages) = Codec::get(from)?;
        Ok(match readers {
            None => Self::One(messages),
            Some(readers) => Self::Many { readers, messages },
        })
    }
}
