//! One column of byte strings: a data buffer and the positions where its items begin and end.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

/// `n` byte strings, one after another: item `i` is `data[offsets[i] .. offsets[i + 1]]`.
///
/// Invariant: `n + 1` offsets that start at 0, never decrease and end at the length of the data.
#[derive(Clone, Debug)]
pub struct Column {
    offsets: Vec<u32>,
    data: Bytes,
}

impl Column {
    /// A column from its parts.
    ///
    /// # Errors
    /// The offsets break the invariant; the error says where.
    pub fn new(offsets: Vec<u32>, data: Bytes) -> Result<Self, ColumnError> {
        check(&offsets, data.len())?;
        Ok(Self { offsets, data })
    }

    /// `items` empty byte strings.
    #[must_use]
    pub fn empty(items: usize) -> Self {
        Self { offsets: vec![0; items + 1], data: Bytes::new() }
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether the column has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Item `i`. Panics when `i` is not less than [`Column::len`].
    #[must_use]
    pub fn get(&self, i: usize) -> &[u8] {
        self.slice(0..self.len()).get(i)
    }

    /// Items `range` as a borrowed view.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> ColumnSlice<'_> {
        ColumnSlice { offsets: &self.offsets[range.start..=range.end], data: &self.data }
    }

    /// The items' bytes, one after another.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    pub(crate) fn resident_bytes(&self) -> usize {
        self.offsets.len() * size_of::<u32>() + self.data.len()
    }
}

/// A borrowed run of items of a column. Offsets are positions in the whole column's data: they
/// need not start at 0.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSlice<'a> {
    offsets: &'a [u32],
    data: &'a Bytes,
}

impl<'a> ColumnSlice<'a> {
    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether the slice has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Item `i`. Panics when `i` is not less than [`ColumnSlice::len`].
    #[must_use]
    pub fn get(&self, i: usize) -> &'a [u8] {
        &self.data[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// `n + 1` positions in the whole column's data.
    #[must_use]
    pub fn offsets(&self) -> &'a [u32] {
        self.offsets
    }

    /// The bytes of just these items.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        let last = self.offsets.len() - 1;
        &self.data[self.offsets[0] as usize..self.offsets[last] as usize]
    }

    /// These items as a column that shares their bytes: only the offsets are copied.
    #[must_use]
    pub fn to_column(&self) -> Column {
        let last = self.offsets.len() - 1;
        let data = self.data.slice(self.offsets[0] as usize..self.offsets[last] as usize);
        Column { offsets: self.rebased().collect(), data }
    }

    /// The offsets as positions in [`ColumnSlice::data`]: the first is 0.
    pub fn rebased(&self) -> impl ExactSizeIterator<Item = u32> + 'a {
        let first = self.offsets[0];
        self.offsets.iter().map(move |offset| offset - first)
    }
}

/// Builds a [`Column`] item by item.
#[derive(Debug)]
pub struct ColumnBuilder {
    offsets: Vec<u32>,
    data: Vec<u8>,
}

impl ColumnBuilder {
    /// A builder with room for `items` items of `bytes` bytes in all.
    #[must_use]
    pub fn with_capacity(items: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(items + 1);
        offsets.push(0);
        Self { offsets, data: Vec::with_capacity(bytes) }
    }

    /// Appends one item. The caller keeps the data under 4 GiB ([`crate::BATCH_BYTES_MAX`]).
    pub fn push(&mut self, item: &[u8]) {
        self.data.extend_from_slice(item);
        self.offsets.push(self.data.len() as u32);
    }

    /// Appends a run of items by one copy.
    pub fn extend(&mut self, items: ColumnSlice<'_>) {
        let base = self.data.len() as u32;
        self.data.extend_from_slice(items.data());
        self.offsets.extend(items.rebased().skip(1).map(|offset| base + offset));
    }

    /// Number of items so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether no item was pushed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn bytes(&self) -> usize {
        self.data.len()
    }

    /// The finished column.
    #[must_use]
    pub fn build(self) -> Column {
        Column { offsets: self.offsets, data: self.data.into() }
    }
}

/// Why offsets and data do not form a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnError {
    /// There is no offset, or the first is not 0.
    Start,
    /// Offset number `.0` is less than the one before it.
    Decreasing(usize),
    /// The last offset (`.0`) is not the length of the data (`.1`).
    End(u32, usize),
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("offsets must start with 0"),
            Self::Decreasing(i) => write!(f, "offset {i} is less than the one before it"),
            Self::End(last, len) => write!(f, "last offset {last} is not the data's length {len}"),
        }
    }
}

impl std::error::Error for ColumnError {}

pub(crate) fn check(offsets: &[u32], len: usize) -> Result<(), ColumnError> {
    let (Some(0), Some(&last)) = (offsets.first(), offsets.last()) else {
        return Err(ColumnError::Start);
    };
    if let Some(i) = offsets.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(ColumnError::Decreasing(i + 1));
    }
    if last as usize != len { Err(ColumnError::End(last, len)) } else { Ok(()) }
}
