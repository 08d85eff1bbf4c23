//! Headers: reading those of one message, collecting those of many.

use std::ops::Range;

use crate::bindings::HeaderColumns;
use crate::column::{ColumnBuilder, item, text};

/// The headers of one message, as pairs of name and value, in the order the producer set them.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    columns: &'a HeaderColumns,
    range: Range<usize>,
}

impl<'a> Headers<'a> {
    pub(crate) fn of(columns: &'a HeaderColumns, message: usize) -> Self {
        Self { columns, range: owned(columns, message..message + 1) }
    }

    /// The value of the first header called `name`, without regard to ASCII case.
    pub(crate) fn find(self, name: &str) -> Option<&'a str> {
        let Self { columns, mut range } = self;
        let named = |&i: &usize| item(&columns.names, i).eq_ignore_ascii_case(name.as_bytes());
        range.find(named).map(|i| text(item(&columns.values, i)))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let i = self.range.next()?;
        Some((text(item(&self.columns.names, i)), text(item(&self.columns.values, i))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// Which headers belong to the messages `messages`.
fn owned(columns: &HeaderColumns, messages: Range<usize>) -> Range<usize> {
    columns.starts[messages.start] as usize..columns.starts[messages.end] as usize
}

/// Headers of outgoing messages. Costs nothing while there are none.
#[derive(Debug, Default)]
pub(crate) struct HeaderBuilder {
    rows: usize,
    /// Empty while no message has a header, else `rows + 1` positions in `names` and `values`.
    starts: Vec<u32>,
    names: ColumnBuilder,
    values: ColumnBuilder,
}

impl HeaderBuilder {
    /// A message without headers.
    pub(crate) fn push_empty(&mut self) {
        self.rows += 1;
        if !self.starts.is_empty() {
            self.starts.push(self.end());
        }
    }

    /// Adds a header to the last message.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.spell_out();
        self.names.push(name.as_bytes());
        self.values.push(value.as_bytes());
        self.starts[self.rows] = self.end();
    }

    /// Appends the headers of messages `messages` of `source` by one copy a column.
    pub(crate) fn extend(&mut self, source: &HeaderColumns, messages: Range<usize>) {
        let headers = owned(source, messages.clone());
        if !headers.is_empty() {
            self.spell_out();
        }
        let (first, base) = (headers.start as u32, self.end());
        self.rows += messages.len();
        if !self.starts.is_empty() {
            let starts = &source.starts[messages.start + 1..=messages.end];
            self.starts.extend(starts.iter().map(|start| base + (start - first)));
            self.names.extend(&source.names, headers.clone());
            self.values.extend(&source.values, headers);
        }
    }

    /// Keeps the first `rows` messages.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.rows = rows;
        if !self.starts.is_empty() {
            self.starts.truncate(rows + 1);
            self.names.truncate(self.starts[rows] as usize);
            self.values.truncate(self.starts[rows] as usize);
        }
    }

    pub(crate) fn build(self) -> HeaderColumns {
        HeaderColumns {
            starts: self.starts,
            names: self.names.build(),
            values: self.values.build(),
        }
    }

    fn spell_out(&mut self) {
        if self.starts.is_empty() {
            self.starts.resize(self.rows + 1, 0);
        }
    }

    fn end(&self) -> u32 {
        self.names.rows() as u32
    }
}
