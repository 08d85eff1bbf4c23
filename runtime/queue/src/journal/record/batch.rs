//! A batch by column.
//!
//! ```text
//!   messages (u32) │ which columns follow (u8) │ ids (16 each) │ times (u64 each)
//!   │ keys │ headers │ payloads
//!
//!   column:  where each item ends (u32 each) │ the items' bytes
//!   headers: where each message's end (u32 each) │ names │ values
//! ```
//!
//! Keys and headers are left out where no message has any.

use bytes::Bytes;
use millstream_message::{
    Batch, Column, ColumnSlice, HeaderColumns, HeaderSlice, MESSAGE_OVERHEAD_BYTES, MessageId,
};

use crate::codec::{Codec, Malformed, take};

/// Some message has a key.
const KEYS: u8 = 1;
/// Some message has a header.
const HEADERS: u8 = 2;

const POSITION_BYTES: usize = size_of::<u32>();

/// Bytes that [`put`] appends.
pub(super) fn encoded_len(batch: &Batch) -> usize {
    let (keys, headers) = (batch.keys(), batch.headers());
    let keys = if has_keys(keys) { column_len(keys) } else { 0 };
    let headers = if has_headers(headers) {
        batch.len() * POSITION_BYTES + column_len(headers.names()) + column_len(headers.values())
    } else {
        0
    };
    let head = size_of::<u32>() + size_of::<u8>() + batch.len() * MESSAGE_OVERHEAD_BYTES;
    head + keys + headers + column_len(batch.payloads())
}

/// Appends the messages of `batch`, of which it may be a part: one copy a column.
pub(super) fn put(batch: &Batch, out: &mut Vec<u8>) {
    let (keys, headers) = (batch.keys(), batch.headers());
    (batch.len() as u32).put(out);
    out.push((u8::from(has_keys(keys)) * KEYS) | (u8::from(has_headers(headers)) * HEADERS));
    put_each(batch.ids().iter().map(|id| *id.as_bytes()), out);
    put_each(batch.published_at().iter().map(|time| time.to_le_bytes()), out);
    if has_keys(keys) {
        put_column(keys, out);
    }
    if has_headers(headers) {
        put_each(headers.starts().skip(1).map(u32::to_le_bytes), out);
        put_column(headers.names(), out);
        put_column(headers.values(), out);
    }
    put_column(batch.payloads(), out);
}

/// The batch that is all of `from`; its columns' bytes are parts of that.
pub(super) fn get(mut from: Bytes) -> Result<Batch, Malformed> {
    let from = &mut from;
    let messages = u32::get(from)? as usize;
    let columns = u8::get(from)?;
    if columns & !(KEYS | HEADERS) != 0 {
        return Err(Malformed("a batch with columns that nobody knows"));
    }
    let ids = get_each(from, messages, MessageId::from_bytes)?;
    let published_at = get_each(from, messages, u64::from_le_bytes)?;
    let keys =
        if columns & KEYS == 0 { Column::empty(messages) } else { get_text(from, messages)? };
    let headers = match columns & HEADERS {
        0 => HeaderColumns::empty(messages),
        _ => get_headers(from, messages)?,
    };
    let payloads = get_column(from, messages)?;
    if !from.is_empty() {
        return Err(Malformed("a batch that is longer than its columns"));
    }
    Batch::from_columns(ids, published_at, keys, headers, payloads)
        .ok_or(Malformed("columns of different lengths"))
}

fn has_keys(keys: ColumnSlice<'_>) -> bool {
    !keys.data().is_empty()
}

fn has_headers(headers: HeaderSlice<'_>) -> bool {
    !headers.names().is_empty()
}

fn column_len(column: ColumnSlice<'_>) -> usize {
    column.len() * POSITION_BYTES + column.data().len()
}

fn put_column(column: ColumnSlice<'_>, out: &mut Vec<u8>) {
    put_each(column.rebased().skip(1).map(u32::to_le_bytes), out);
    out.extend_from_slice(column.data());
}

fn get_column(from: &mut Bytes, items: usize) -> Result<Column, Malformed> {
    let offsets = get_ends(from, items)?;
    let data = take(from, offsets.last().map_or(0, |end| *end as usize))?;
    Column::new(offsets, data).map_err(|_| Malformed("a column whose items do not ascend"))
}

/// A column whose items are each UTF-8: as a whole it is, and none begins within a character.
fn get_text(from: &mut Bytes, items: usize) -> Result<Column, Malformed> {
    const NO_TEXT: Malformed = Malformed("a key or header that is not UTF-8");
    let column = get_column(from, items)?;
    let text = std::str::from_utf8(column.data()).map_err(|_| NO_TEXT)?;
    let offsets = column.slice(0..items).offsets();
    let whole = offsets.iter().all(|offset| text.is_char_boundary(*offset as usize));
    if whole { Ok(column) } else { Err(NO_TEXT) }
}

fn get_headers(from: &mut Bytes, messages: usize) -> Result<HeaderColumns, Malformed> {
    let starts = get_ends(from, messages)?;
    let headers = starts.last().map_or(0, |end| *end as usize);
    let (names, values) = (get_text(from, headers)?, get_text(from, headers)?);
    HeaderColumns::new(starts, names, values)
        .map_err(|_| Malformed("headers that do not ascend by message"))
}

/// A column's offsets: 0, which is not written, and where each item ends.
fn get_ends(from: &mut Bytes, items: usize) -> Result<Vec<u32>, Malformed> {
    let ends = take(from, items * POSITION_BYTES)?;
    let mut offsets = Vec::with_capacity(items + 1);
    offsets.push(0);
    offsets.extend(ends.as_chunks().0.iter().map(|end| u32::from_le_bytes(*end)));
    Ok(offsets)
}

/// Appends things of one size; the loop is one that compilers turn into a copy.
fn put_each<const N: usize>(things: impl ExactSizeIterator<Item = [u8; N]>, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + things.len() * N, 0);
    let (room, _) = out[start..].as_chunks_mut();
    room.iter_mut().zip(things).for_each(|(room, thing)| *room = thing);
}

fn get_each<const N: usize, T>(
    from: &mut Bytes,
    things: usize,
    thing: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, Malformed> {
    let bytes = take(from, things * N)?;
    Ok(bytes.as_chunks().0.iter().map(|bytes| thing(*bytes)).collect())
}
