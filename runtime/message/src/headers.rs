//! The headers of many messages, by column.

use std::ops::Range;

use crate::column::{Column, ColumnBuilder, ColumnError, ColumnSlice};

/// The headers of `n` messages: message `i` owns headers `starts[i] .. starts[i + 1]`.
///
/// Names are lower case, names and values UTF-8; order and repetitions are kept.
#[derive(Clone, Debug)]
pub struct HeaderColumns {
    starts: Vec<u32>,
    names: Column,
    values: Column,
}

impl HeaderColumns {
    /// Header columns from their parts: `n + 1` starts that begin with 0, never decrease and end
    /// at the number of names, and as many values as names.
    ///
    /// # Errors
    /// The parts do not fit together; the error says where.
    pub fn new(starts: Vec<u32>, names: Column, values: Column) -> Result<Self, ColumnError> {
        if names.len() != values.len() {
            return Err(ColumnError::End(names.len() as u32, values.len()));
        }
        crate::column::check(&starts, names.len())?;
        Ok(Self { starts, names, values })
    }

    /// No header for any of `messages` messages.
    #[must_use]
    pub fn empty(messages: usize) -> Self {
        Self { starts: vec![0; messages + 1], names: Column::empty(0), values: Column::empty(0) }
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The headers of messages `range`.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> HeaderSlice<'_> {
        let starts = &self.starts[range.start..=range.end];
        let items = starts[0] as usize..starts[starts.len() - 1] as usize;
        HeaderSlice {
            starts,
            names: self.names.slice(items.clone()),
            values: self.values.slice(items),
        }
    }

    /// The name and value columns, for checks over all of them.
    #[must_use]
    pub fn columns(&self) -> (&Column, &Column) {
        (&self.names, &self.values)
    }

    pub(crate) fn resident_bytes(&self) -> usize {
        self.starts.len() * size_of::<u32>()
            + self.names.resident_bytes()
            + self.values.resident_bytes()
    }
}

/// The headers of a run of messages, borrowed. Starts are positions in the whole: they need not
/// begin with 0.
#[derive(Clone, Copy, Debug)]
pub struct HeaderSlice<'a> {
    starts: &'a [u32],
    names: ColumnSlice<'a>,
    values: ColumnSlice<'a>,
}

impl<'a> HeaderSlice<'a> {
    /// Where each message's headers begin, as positions in [`HeaderSlice::names`].
    pub fn starts(&self) -> impl ExactSizeIterator<Item = u32> + 'a {
        let first = self.starts[0];
        self.starts.iter().map(move |start| start - first)
    }

    /// The names of all headers of these messages.
    #[must_use]
    pub fn names(&self) -> ColumnSlice<'a> {
        self.names
    }

    /// The values of all headers of these messages.
    #[must_use]
    pub fn values(&self) -> ColumnSlice<'a> {
        self.values
    }

    /// These headers as columns that share their bytes: only the positions are copied.
    #[must_use]
    pub fn to_columns(&self) -> HeaderColumns {
        HeaderColumns {
            starts: self.starts().collect(),
            names: self.names.to_column(),
            values: self.values.to_column(),
        }
    }

    /// The headers of message `i` in their order.
    #[must_use]
    pub fn of(&self, i: usize) -> HeaderIter<'a> {
        let first = self.starts[0];
        let range = (self.starts[i] - first) as usize..(self.starts[i + 1] - first) as usize;
        HeaderIter { names: self.names, values: self.values, range }
    }
}

/// The headers of one message: pairs of name and value.
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    names: ColumnSlice<'a>,
    values: ColumnSlice<'a>,
    range: Range<usize>,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let i = self.range.next()?;
        Some((text(self.names.get(i)), text(self.values.get(i))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for HeaderIter<'_> {}

/// Builds [`HeaderColumns`] message by message.
#[derive(Debug)]
pub struct HeaderBuilder {
    starts: Vec<u32>,
    names: ColumnBuilder,
    values: ColumnBuilder,
}

impl HeaderBuilder {
    /// A builder with room for `messages` messages.
    #[must_use]
    pub fn with_capacity(messages: usize) -> Self {
        let mut starts = Vec::with_capacity(messages + 1);
        starts.push(0);
        Self {
            starts,
            names: ColumnBuilder::with_capacity(0, 0),
            values: ColumnBuilder::with_capacity(0, 0),
        }
    }

    /// Adds a header to the message that the next [`HeaderBuilder::end_message`] ends.
    pub fn push(&mut self, name: &str, value: &str) {
        self.names.push(name.as_bytes());
        self.values.push(value.as_bytes());
    }

    /// Ends a message.
    pub fn end_message(&mut self) {
        self.starts.push(self.names.len() as u32);
    }

    /// Appends the headers of a run of messages by one copy a column.
    pub fn extend(&mut self, headers: HeaderSlice<'_>) {
        let base = self.names.len() as u32;
        self.names.extend(headers.names);
        self.values.extend(headers.values);
        self.starts.extend(headers.starts().skip(1).map(|start| base + start));
    }

    pub(crate) fn bytes(&self) -> usize {
        self.names.bytes() + self.values.bytes()
    }

    /// Positions that the finished columns hold.
    pub(crate) fn positions(&self) -> usize {
        self.starts.len() + self.names.len() + self.values.len() + 2
    }

    /// The finished columns.
    #[must_use]
    pub fn build(self) -> HeaderColumns {
        HeaderColumns {
            starts: self.starts,
            names: self.names.build(),
            values: self.values.build(),
        }
    }
}

/// Text from a column that was checked when it came in. Checked again, since this crate has no
/// `unsafe`; what is not UTF-8 after all reads as empty.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
