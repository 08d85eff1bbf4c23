//! A column of the answer while it grows.

use std::ops::Range;

use crate::bindings::Column;

/// Item `i` of a column that the host sent.
pub(crate) fn item(column: &Column, i: usize) -> &[u8] {
    &column.data[column.offsets[i] as usize..column.offsets[i + 1] as usize]
}

/// Text that the host has checked; what is not UTF-8 after all reads as empty.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Byte strings, one after another. It costs nothing while all of them are empty, since most
/// plugins set no topic, no header and no reason.
#[derive(Debug, Default)]
pub(crate) struct ColumnBuilder {
    rows: usize,
    /// Empty while every row is empty, else `rows + 1` positions in `data`.
    offsets: Vec<u32>,
    data: Vec<u8>,
}

impl ColumnBuilder {
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn push(&mut self, item: &[u8]) {
        self.push_empty(1);
        if !item.is_empty() {
            self.set_last(item);
        }
    }

    pub(crate) fn push_empty(&mut self, rows: usize) {
        self.rows += rows;
        if !self.offsets.is_empty() {
            self.offsets.resize(self.rows + 1, self.end());
        }
    }

    /// Replaces the last row.
    pub(crate) fn set_last(&mut self, item: &[u8]) {
        self.write_last(|data| data.extend_from_slice(item));
    }

    /// Replaces the last row by what `write` appends.
    pub(crate) fn write_last<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.spell_out();
        let last = self.rows;
        self.data.truncate(self.offsets[last - 1] as usize);
        let written = write(&mut self.data);
        self.offsets[last] = self.end();
        written
    }

    /// Appends rows `range` of `source` by one copy.
    pub(crate) fn extend(&mut self, source: &Column, range: Range<usize>) {
        let from = &source.offsets[range.start..=range.end];
        let (first, last) = (from[0], from[from.len() - 1]);
        if first < last {
            self.spell_out();
        }
        let base = self.end();
        self.rows += range.len();
        if !self.offsets.is_empty() {
            self.offsets.extend(from[1..].iter().map(|offset| base + (offset - first)));
            self.data.extend_from_slice(&source.data[first as usize..last as usize]);
        }
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.rows = rows;
        if !self.offsets.is_empty() {
            self.offsets.truncate(rows + 1);
            self.data.truncate(self.offsets[rows] as usize);
        }
    }

    pub(crate) fn build(self) -> Column {
        Column { offsets: self.offsets, data: self.data }
    }

    /// Gives every row its offset.
    fn spell_out(&mut self) {
        if self.offsets.is_empty() {
            self.offsets.resize(self.rows + 1, 0);
        }
    }

    /// A guest has 32-bit memory, so this fits.
    fn end(&self) -> u32 {
        self.data.len() as u32
    }
}
