//! The sections of a body: fields in front, batches behind them, a table of their lengths last.

use bytes::Bytes;
use millstream_message::Batch;

use super::batch;
use crate::codec::{Codec, Malformed, count, take};
use crate::stored::Stored;

/// A value that carries batches. The three methods meet the batches in the same order.
pub(super) trait Carrier: Sized {
    /// Writes the fields and leaves the batches to be written behind all fields.
    fn put<'a>(&'a self, to: &mut Writer<'a>);
    /// Reads what `put` wrote, stored nowhere.
    fn get(from: &mut Reader) -> Result<Self, Malformed>;
    /// Sets where each batch is stored.
    fn locate(&mut self, places: &mut Numbering);
}

/// Fields of most events take less.
const FIELDS_BYTES: usize = 64;

/// Writes a body.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    fields: Vec<u8>,
    batches: Vec<&'a Batch>,
}

/// Reads a body.
#[derive(Debug)]
pub(super) struct Reader {
    fields: Bytes,
    /// Batches not read yet.
    batches: Bytes,
    /// And their lengths.
    lengths: Bytes,
    /// Shorter batches are copied out of the body.
    shared_min: usize,
}

/// A body by its sections.
#[derive(Debug)]
pub(super) struct Sections {
    fields: Bytes,
    batches: Bytes,
    /// One `u32` a batch.
    lengths: Bytes,
}

/// Gives the batches of one record their numbers.
#[derive(Debug)]
pub(super) struct Numbering {
    position: u64,
    next: u32,
}

impl<'a> Writer<'a> {
    pub(super) fn new() -> Self {
        Self { fields: Vec::with_capacity(FIELDS_BYTES), batches: Vec::new() }
    }

    /// Appends a field.
    pub(super) fn plain(&mut self, value: &impl Codec) -> &mut Self {
        value.put(&mut self.fields);
        self
    }

    /// Appends a field with batches in it.
    pub(super) fn part(&mut self, value: &'a impl Carrier) -> &mut Self {
        value.put(self);
        self
    }

    /// Appends a batch.
    pub(super) fn batch(&mut self, batch: &'a Batch) -> &mut Self {
        self.batches.push(batch);
        self
    }

    /// The body. Room is made once: an ordinary publish costs the copy of its columns.
    pub(super) fn finish(self) -> Vec<u8> {
        let Self { fields: mut body, batches } = self;
        let lengths: usize = batches.iter().map(|batch| batch::encoded_len(batch)).sum();
        body.reserve_exact(lengths + size_of::<u32>() * (batches.len() + 1));
        batches.iter().for_each(|batch| batch::put(batch, &mut body));
        batches.iter().for_each(|batch| (batch::encoded_len(batch) as u32).put(&mut body));
        (batches.len() as u32).put(&mut body);
        body
    }
}

impl Reader {
    pub(super) fn new(Sections { fields, batches, lengths }: Sections) -> Self {
        let shared_min = (fields.len() + batches.len()) / 2;
        Self { fields, batches, lengths, shared_min }
    }

    /// Takes a field off the front.
    pub(super) fn plain<T: Codec>(&mut self) -> Result<T, Malformed> {
        T::get(&mut self.fields)
    }

    /// Takes a field off the front that has batches in it.
    pub(super) fn part<T: Carrier>(&mut self) -> Result<T, Malformed> {
        T::get(self)
    }

    /// Takes the next batch; it holds at least one message. It shares the body unless that is
    /// mostly something else: whoever keeps one message for long does not keep the others.
    pub(super) fn batch(&mut self) -> Result<Batch, Malformed> {
        let len = u32::get(&mut self.lengths)? as usize;
        let batch = batch::get(take(&mut self.batches, len)?)?;
        match batch.is_empty() {
            true => Err(Malformed("a batch without messages")),
            false if len < self.shared_min => Ok(batch.copy_out()),
            false => Ok(batch),
        }
    }

    /// Takes the next batch, of exactly one message.
    pub(super) fn message(&mut self) -> Result<Batch, Malformed> {
        let batch = self.batch()?;
        if batch.len() == 1 { Ok(batch) } else { Err(Malformed("several messages for one")) }
    }

    /// Takes a count of things off the front.
    pub(super) fn count(&mut self) -> Result<usize, Malformed> {
        count(&mut self.fields, 1)
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), Malformed> {
        match self.fields.is_empty() && self.lengths.is_empty() {
            true => Ok(()),
            false => Err(Malformed("it holds more than its event")),
        }
    }
}

impl Sections {
    /// Cuts a body from its end.
    pub(super) fn of(body: Bytes) -> Result<Self, Malformed> {
        let mut fields = body;
        let batches = u32::get(&mut cut(&mut fields, size_of::<u32>() as u64)?)?;
        let lengths = cut(&mut fields, u64::from(batches) * size_of::<u32>() as u64)?;
        let batches = cut(&mut fields, total(&lengths))?;
        Ok(Self { fields, batches, lengths })
    }

    /// Number of batches.
    pub(super) fn batches(&self) -> u32 {
        (self.lengths.len() / size_of::<u32>()) as u32
    }

    /// The bytes of batch number `index`.
    pub(super) fn batch(&self, index: u32) -> Result<Bytes, Malformed> {
        if index >= self.batches() {
            return Err(Malformed("no such batch"));
        }
        let at = index as usize * size_of::<u32>();
        let before = total(&self.lengths[..at]) as usize;
        let len = u32::get(&mut self.lengths.slice(at..))? as usize;
        take(&mut self.batches.slice(before..), len)
    }
}

impl Numbering {
    pub(super) fn new(position: u64) -> Self {
        Self { position, next: 0 }
    }

    /// Where the next batch is, which has `len` messages.
    pub(super) fn next(&mut self, len: usize) -> Option<Stored> {
        let index = self.next;
        self.next += 1;
        Some(Stored { position: self.position, index, first: 0, len: len as u32 })
    }
}

/// Cuts `len` bytes off the end.
fn cut(from: &mut Bytes, len: u64) -> Result<Bytes, Malformed> {
    let len = usize::try_from(len).ok();
    let at = len.and_then(|len| from.len().checked_sub(len));
    at.map(|at| from.split_off(at)).ok_or(Malformed("it is shorter than its batches"))
}

fn total(lengths: &[u8]) -> u64 {
    lengths.as_chunks().0.iter().map(|length| u64::from(u32::from_le_bytes(*length))).sum()
}

impl<T: Carrier> Carrier for Vec<T> {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.plain(&(self.len() as u32));
        self.iter().for_each(|one| one.put(to));
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        (0..from.count()?).map(|_| T::get(from)).collect()
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.iter_mut().for_each(|one| one.locate(places));
    }
}

impl<T: Carrier> Carrier for Option<T> {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.plain(&self.is_some());
        self.iter().for_each(|one| one.put(to));
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        if from.plain()? { T::get(from).map(Some) } else { Ok(None) }
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.iter_mut().for_each(|one| one.locate(places));
    }
}

/// A batch's carrier with a word about it: its topic, or when it is due.
impl<W: Codec, T: Carrier> Carrier for (W, T) {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.plain(&self.0).part(&self.1);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        Ok((from.plain()?, from.part()?))
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.1.locate(places);
    }
}
