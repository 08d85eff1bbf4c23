//! What a handler publishes, written straight into the columns that go to the host.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;

use crate::bindings::{Batch, Column, HeaderColumns, OutgoingColumns};
use crate::column::ColumnBuilder;
use crate::failure::Failure;
use crate::headers::HeaderBuilder;
use crate::message::Message;

/// The messages to publish. They become visible only when the message being handled is settled as
/// handled; when the handler fails, its outputs are dropped.
///
/// ```
/// # use millstream_sdk::{Failure, Message, Outputs};
/// fn greet(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
///     out.push(format!("hello {}", message.text()?)).key("greetings").header("lang", "en");
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Outputs<'a> {
    batch: &'a Batch,
    copied: Rows,
    /// Input messages handed on whole that follow `copied` and were not copied yet: a run of them
    /// costs one copy a column, and a whole batch none at all.
    forwarded: Range<usize>,
}

#[derive(Debug, Default)]
struct Rows {
    topics: ColumnBuilder,
    keys: ColumnBuilder,
    headers: HeaderBuilder,
    payloads: ColumnBuilder,
    /// Empty while no message is delayed.
    delays_ms: Vec<u32>,
}

impl<'a> Outputs<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Self {
        Self { batch, copied: Rows::default(), forwarded: 0..0 }
    }

    /// Publishes a message with these bytes as payload.
    pub fn push(&mut self, payload: impl AsRef<[u8]>) -> Output<'_, 'a> {
        self.add_row();
        self.copied.payloads.set_last(payload.as_ref());
        Output { outputs: self }
    }

    /// Publishes a message with `value` as a JSON payload.
    ///
    /// # Errors
    /// A rejection: `value` has no JSON form (a map with keys that are not text, say).
    pub fn json(&mut self, value: &impl Serialize) -> Result<Output<'_, 'a>, Failure> {
        self.add_row();
        match self.copied.payloads.write_last(|data| serde_json::to_writer(data, value)) {
            Ok(()) => Ok(Output { outputs: self }),
            Err(error) => {
                self.truncate(self.len() - 1);
                Err(Failure::reject(format!("cannot write the output as JSON: {error}")))
            }
        }
    }

    /// Publishes the message being handled as it came: payload, key and headers. The cheapest way
    /// to hand messages on.
    pub fn forward(&mut self, message: Message<'_>) -> Output<'_, 'a> {
        debug_assert!(message.is_of(self.batch), "a message of another batch");
        let index = message.index();
        if self.forwarded.is_empty() || self.forwarded.end != index {
            self.copy_forwarded();
            self.forwarded = index..index;
        }
        self.forwarded.end = index + 1;
        Output { outputs: self }
    }

    /// Number of messages so far, those of the batch's earlier messages included.
    pub(crate) fn len(&self) -> usize {
        self.copied.payloads.rows() + self.forwarded.len()
    }

    /// Keeps the first `rows` messages.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match rows.checked_sub(self.copied.payloads.rows()) {
            Some(forwarded) => self.forwarded.end = self.forwarded.start + forwarded,
            None => {
                self.forwarded = 0..0;
                self.copied.truncate(rows);
            }
        }
    }

    /// The finished columns, or none when they are just the input's.
    pub(crate) fn finish(mut self) -> Option<OutgoingColumns> {
        let whole =
            self.copied.payloads.rows() == 0 && self.forwarded == (0..self.batch.attempts.len());
        if whole {
            return None;
        }
        self.copy_forwarded();
        Some(self.copied.build())
    }

    fn add_row(&mut self) {
        self.copy_forwarded();
        self.copied.push_empty();
    }

    fn copy_forwarded(&mut self) {
        if !self.forwarded.is_empty() {
            self.copied.extend(self.batch, self.forwarded.clone());
            self.forwarded = 0..0;
        }
    }

    /// The last message, in columns of its own.
    fn last(&mut self) -> &mut Rows {
        self.copy_forwarded();
        &mut self.copied
    }
}

/// The message just added to [`Outputs`]: what it carries beside its payload.
#[derive(Debug)]
pub struct Output<'o, 'a> {
    outputs: &'o mut Outputs<'a>,
}

impl Output<'_, '_> {
    /// Its key; without one (or with an empty one) it has none.
    pub fn key(self, key: impl AsRef<str>) -> Self {
        self.outputs.last().keys.set_last(key.as_ref().as_bytes());
        self
    }

    /// Adds a header. Trace context need not be handed on: the host does that.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.outputs.last().headers.add(name.as_ref(), value.as_ref());
        self
    }

    /// Where it goes instead of the subscription's `output`; must be one of its `routes`.
    pub fn to(self, topic: impl AsRef<str>) -> Self {
        self.outputs.last().topics.set_last(topic.as_ref().as_bytes());
        self
    }

    /// How long it stays invisible after the settle, to the millisecond, at most 49 days.
    pub fn delay(self, delay: Duration) -> Self {
        let row = self.outputs.last();
        row.delays_ms.resize(row.payloads.rows(), 0);
        if let Some(last) = row.delays_ms.last_mut() {
            *last = milliseconds(delay);
        }
        self
    }
}

impl Rows {
    fn push_empty(&mut self) {
        self.topics.push_empty(1);
        self.keys.push_empty(1);
        self.headers.push_empty();
        self.payloads.push_empty(1);
        if !self.delays_ms.is_empty() {
            self.delays_ms.push(0);
        }
    }

    fn extend(&mut self, batch: &Batch, range: Range<usize>) {
        self.topics.push_empty(range.len());
        self.keys.extend(&batch.keys, range.clone());
        self.headers.extend(&batch.headers, range.clone());
        self.payloads.extend(&batch.payloads, range);
        if !self.delays_ms.is_empty() {
            self.delays_ms.resize(self.payloads.rows(), 0);
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.topics.truncate(rows);
        self.keys.truncate(rows);
        self.headers.truncate(rows);
        self.payloads.truncate(rows);
        self.delays_ms.truncate(rows);
    }

    fn build(self) -> OutgoingColumns {
        OutgoingColumns {
            starts: Vec::new(),
            topics: self.topics.build(),
            keys: self.keys.build(),
            headers: self.headers.build(),
            payloads: self.payloads.build(),
            delays_ms: self.delays_ms,
        }
    }
}

/// The input's own columns as what to publish.
pub(crate) fn whole(keys: Column, headers: HeaderColumns, payloads: Column) -> OutgoingColumns {
    let topics = Column { offsets: Vec::new(), data: Vec::new() };
    OutgoingColumns { starts: Vec::new(), topics, keys, headers, payloads, delays_ms: Vec::new() }
}

/// As the contract counts them: whole milliseconds, rounded up, in 32 bits.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}
