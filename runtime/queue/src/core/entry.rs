//! One batch of a topic's log, and who still needs which of its messages.

mod saved;
mod stored;

use std::ops::Range;
use std::time::Duration;

use millstream_message::{Batch, BatchBuilder, Message, MessageId};

use crate::publication::{Arrival, NEVER};
use crate::stored::Runs;

/// Messages and bytes up to which small publishes share one entry: what a lease takes at once.
const COALESCED_MESSAGES_MAX: usize = 256;
const COALESCED_BYTES_MAX: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Entry {
    /// Sequence number of the first message.
    pub(super) base: u64,
    /// When the first message arrived: monotonic time.
    pub(super) arrived: Duration,
    /// When the last one did.
    pub(super) completed: Duration,
    /// Bytes that the topic counts for it.
    pub(super) charged: u64,
    pub(super) expires: Expires,
    /// The latest time at which a message was published: milliseconds since the Unix epoch.
    pub(super) newest_ms: u64,
    /// Where a journal keeps the messages: runs in order; empty without a journal.
    pub(super) stored: Runs,
    len: u32,
    content: Content,
    /// Order hashes; empty where no subscription orders by key.
    hashes: Vec<u64>,
    left: Left,
    /// Messages that nobody gets who has not got them yet; empty in the ordinary case.
    gone: Vec<bool>,
}

#[derive(Debug)]
enum Content {
    /// Still takes small publishes.
    Open(Box<BatchBuilder>),
    Sealed(Batch),
    /// Only the journal has them; the ids of dead letters stay, by which they are meant.
    Stored(Vec<MessageId>),
    /// Everybody is done with it.
    Released,
}

/// When the messages of an entry expire: milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expires {
    Never,
    Each(Vec<u64>),
}

/// What a stretch of messages is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Present,
    Expired,
    Gone,
}

/// How many readers have not settled a message.
#[derive(Debug)]
enum Left {
    /// One reader: the messages it has not settled.
    One(u32),
    /// Several: the readers left of each message, and messages with any.
    Many { readers: Vec<u16>, messages: u32 },
}

impl Entry {
    pub(super) fn new(base: u64, arrival: Arrival, readers: usize, arrived: Duration) -> Self {
        let Arrival { batch, expires_ms, hashes, stored, .. } = arrival;
        let len = batch.len() as u32;
        let charged = batch.resident_bytes() as u64;
        let left = match readers {
            0 => Left::One(0),
            1 => Left::One(len),
            many => Left::Many { readers: vec![many as u16; len as usize], messages: len },
        };
        let newest_ms = newest(&batch);
        let (content, gone) = (Content::Sealed(batch), Vec::new());
        let expires = Expires::of(expires_ms);
        Self {
            base,
            arrived,
            completed: arrived,
            charged,
            expires,
            newest_ms,
            stored: stored.into_iter().collect(),
            len,
            content,
            hashes,
            left,
            gone,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// One past the last sequence number.
    pub(super) fn end(&self) -> u64 {
        self.base + u64::from(self.len)
    }

    /// The messages; none when they were released, or are not sealed yet.
    pub(super) fn batch(&self) -> Option<&Batch> {
        match &self.content {
            Content::Sealed(batch) => Some(batch),
            Content::Open(_) | Content::Stored(_) | Content::Released => None,
        }
    }

    pub(super) fn is_released(&self) -> bool {
        matches!(self.content, Content::Released)
    }

    /// Whether some reader has not settled some message.
    pub(super) fn is_live(&self) -> bool {
        match &self.left {
            Left::One(left) => *left > 0,
            Left::Many { messages, .. } => *messages > 0,
        }
    }

    /// The order hash of message `i`.
    pub(super) fn hash(&self, i: usize) -> u64 {
        match (self.hashes.get(i), self.batch()) {
            (Some(hash), _) => *hash,
            (None, Some(batch)) => batch.get(i).order_hash(),
            (None, None) => 0,
        }
    }

    /// One reader is done with messages `range` (places in the entry). Answers how many of them
    /// nobody needs any more.
    pub(super) fn settle(&mut self, range: Range<usize>) -> u64 {
        match &mut self.left {
            Left::One(left) => {
                *left -= range.len() as u32;
                range.len() as u64
            }
            Left::Many { readers, messages } => {
                let mut freed = 0;
                for left in &mut readers[range] {
                    *left -= 1;
                    freed += u32::from(*left == 0);
                }
                *messages -= freed;
                u64::from(freed)
            }
        }
    }

    /// Notes how many readers have not settled each message, where that is not noted yet.
    pub(super) fn count_readers(&mut self, readers: Vec<u16>) {
        if let Left::One(left) = self.left {
            let messages = readers.iter().filter(|count| **count > 0).count() as u32;
            debug_assert_eq!(left, messages, "a reader's place disagrees with its topic");
            self.left = Left::Many { readers, messages };
        }
    }

    /// One reader wants messages `range` again. Answers how many of them nobody needed before.
    pub(super) fn want(&mut self, range: Range<usize>) -> u64 {
        match &mut self.left {
            Left::One(left) => {
                *left += range.len() as u32;
                range.len() as u64
            }
            Left::Many { readers, messages } => {
                let mut wanted = 0;
                for left in &mut readers[range] {
                    wanted += u32::from(*left == 0);
                    *left += 1;
                }
                *messages += wanted;
                u64::from(wanted)
            }
        }
    }

    /// Lets go of the messages; what somebody still holds of them lives on.
    pub(super) fn release(&mut self) -> Option<Batch> {
        self.hashes = Vec::new();
        match std::mem::replace(&mut self.content, Content::Released) {
            Content::Sealed(batch) => Some(batch),
            Content::Open(builder) => Some(builder.build()),
            Content::Stored(_) | Content::Released => None,
        }
    }

    pub(super) fn is_gone(&self, i: usize) -> bool {
        self.gone.get(i).copied().unwrap_or(false)
    }

    /// Marks message `i` as gone for all who have not got it; false when it was before.
    pub(super) fn mark_gone(&mut self, i: usize) -> bool {
        if self.gone.is_empty() {
            self.gone = vec![false; self.len()];
        }
        !std::mem::replace(&mut self.gone[i], true)
    }

    /// The first stretch of `range` that is all of one kind. What is gone only matters to who is
    /// `fresh`: has not got the messages yet.
    pub(super) fn segment(
        &self,
        range: Range<usize>,
        wall_ms: u64,
        fresh: bool,
    ) -> (Segment, Range<usize>) {
        if self.is_released() {
            return (Segment::Gone, range);
        }
        if (self.gone.is_empty() || !fresh) && self.expires == Expires::Never {
            return (Segment::Present, range);
        }
        let kind = |i: usize| match () {
            () if fresh && self.is_gone(i) => Segment::Gone,
            () if self.expires.at(i) <= wall_ms => Segment::Expired,
            () => Segment::Present,
        };
        let first = kind(range.start);
        let end = range.clone().find(|&i| kind(i) != first).unwrap_or(range.end);
        (first, range.start..end)
    }

    /// The first run of `range` that is not gone; empty at its end when there is none.
    pub(super) fn next_run(&self, range: Range<usize>) -> Range<usize> {
        if self.is_released() {
            return range.end..range.end;
        }
        if self.gone.is_empty() {
            return range;
        }
        let start = range.clone().find(|&i| !self.gone[i]).unwrap_or(range.end);
        let end = (start..range.end).find(|&i| self.gone[i]).unwrap_or(range.end);
        start..end
    }

    /// Whether `arrival` is small enough, and this entry has room enough, to share it.
    pub(super) fn can_take(&self, arrival: &Arrival) -> bool {
        let (messages, bytes) = match &self.content {
            Content::Sealed(batch) => (batch.len(), batch.bytes()),
            Content::Open(builder) => (builder.len(), builder.bytes()),
            Content::Stored(_) | Content::Released => return false,
        };
        // Each copy halves at least what is left to fill, or adds little.
        messages + arrival.len() <= COALESCED_MESSAGES_MAX
            && bytes + arrival.batch.bytes() <= COALESCED_BYTES_MAX
            && self.gone.is_empty()
    }

    /// Appends a small arrival by copy; gives it back when it does not fit.
    pub(super) fn take(
        &mut self,
        arrival: Arrival,
        readers: usize,
        arrived: Duration,
    ) -> Result<(), Arrival> {
        let Some(builder) = self.open() else { return Err(arrival) };
        if builder.extend(&arrival.batch).is_err() {
            return Err(arrival);
        }
        let before = self.len();
        let n = arrival.len();
        self.newest_ms = self.newest_ms.max(newest(&arrival.batch));
        arrival.stored.into_iter().for_each(|run| self.stored.push(run));
        self.len += n as u32;
        self.completed = arrived;
        self.expires.extend(before, n, arrival.expires_ms);
        // What came before the topic was ordered by key has none: all are made when needed.
        match self.hashes.len() == before {
            true => self.hashes.extend(arrival.hashes),
            false => self.hashes.clear(),
        }
        self.left.add(n, readers);
        Ok(())
    }

    /// Memory of the messages while the entry is open.
    pub(super) fn open_bytes(&self) -> Option<u64> {
        match &self.content {
            Content::Open(builder) => Some(builder.resident_bytes() as u64),
            Content::Sealed(_) | Content::Stored(_) | Content::Released => None,
        }
    }

    /// Closes the entry: from now on its messages can be handed out.
    pub(super) fn seal(&mut self) {
        if !self.is_open() {
            return;
        }
        if let Content::Open(builder) = std::mem::replace(&mut self.content, Content::Released) {
            self.content = Content::Sealed(builder.build());
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.content, Content::Open(_))
    }

    /// A view of message `i` while the entry is sealed.
    pub(super) fn message(&self, i: usize) -> Option<Message<'_>> {
        self.batch().filter(|batch| i < batch.len()).map(|batch| batch.get(i))
    }

    fn open(&mut self) -> Option<&mut BatchBuilder> {
        if let Content::Sealed(batch) = &self.content {
            let per_message = batch.payloads().data().len() / batch.len().max(1);
            let room = COALESCED_BYTES_MAX.min(per_message * COALESCED_MESSAGES_MAX / 4);
            let mut builder = BatchBuilder::with_capacity(COALESCED_MESSAGES_MAX / 4, room);
            builder.extend(batch).ok()?;
            self.content = Content::Open(Box::new(builder));
        }
        match &mut self.content {
            Content::Open(builder) => Some(builder),
            Content::Sealed(_) | Content::Stored(_) | Content::Released => None,
        }
    }
}

fn newest(batch: &Batch) -> u64 {
    batch.published_at().iter().copied().max().unwrap_or(0)
}

impl Expires {
    fn of(each: Vec<u64>) -> Self {
        if each.iter().all(|&at| at == NEVER) { Self::Never } else { Self::Each(each) }
    }

    /// When message `i` expires.
    pub(super) fn at(&self, i: usize) -> u64 {
        match self {
            Self::Never => NEVER,
            Self::Each(each) => each.get(i).copied().unwrap_or(NEVER),
        }
    }

    /// The first time after `wall_ms` at which a message expires.
    pub(super) fn next_after(&self, wall_ms: u64) -> Option<u64> {
        match self {
            Self::Never => None,
            Self::Each(each) => {
                each.iter().copied().filter(|&at| at > wall_ms && at != NEVER).min()
            }
        }
    }

    fn extend(&mut self, before: usize, messages: usize, more: Vec<u64>) {
        let more = if more.is_empty() { vec![NEVER; messages] } else { more };
        match self {
            Self::Never if more.iter().all(|&at| at == NEVER) => {}
            Self::Never => {
                let mut each = vec![NEVER; before];
                each.extend(more);
                *self = Self::Each(each);
            }
            Self::Each(each) => each.extend(more),
        }
    }
}

impl Left {
    fn add(&mut self, messages: usize, readers: usize) {
        match self {
            Self::One(left) if readers > 0 => *left += messages as u32,
            Self::One(_) => {}
            Self::Many { readers: each, messages: left } => {
                each.extend(std::iter::repeat_n(readers as u16, messages));
                *left += messages as u32;
            }
        }
    }
}
